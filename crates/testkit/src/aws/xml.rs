//! Replies in XML. A writer is enough: the fake never reads any.

/// A tree of elements, written without white space between them.
#[derive(Clone, Debug)]
pub(crate) enum Xml {
    /// `<name>text</name>`
    Text(&'static str, String),
    /// `<name>children</name>`
    Node(&'static str, Vec<Xml>),
}

impl Xml {
    pub(crate) fn text(name: &'static str, text: impl ToString) -> Self {
        Self::Text(name, text.to_string())
    }

    /// A list as the Query protocol writes it: `<name><member>…</member>…</name>`.
    pub(crate) fn list(name: &'static str, items: Vec<Vec<Self>>) -> Self {
        Self::Node(name, items.into_iter().map(|fields| Self::Node("member", fields)).collect())
    }

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Text(name, text) => {
                out.push_str(&format!("<{name}>{}</{name}>", escape(text)));
            }
            Self::Node(name, children) => {
                out.push_str(&format!("<{name}>"));
                children.iter().for_each(|child| child.write(out));
                out.push_str(&format!("</{name}>"));
            }
        }
    }
}

/// Escapes text for an element.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
