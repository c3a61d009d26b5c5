"""Speaks TLS on a port of its own and passes everything on to a plain server: CERT KEY PORT."""

import socket
import ssl
import sys
import threading

certificate, key, target = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(raw):
    try:
        inner = context.wrap_socket(raw, server_side=True)
    except OSError:
        return  # the client does not trust us: that is what some tests are about
    outer = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=pump, args=(outer, inner), daemon=True).start()
    pump(inner, outer)


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
