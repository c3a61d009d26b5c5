//! The calls the fake AWS answers.

use super::refusal::Refusal;

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Sts,
    Iam,
}

impl Service {
    /// The name in a signature's scope.
    pub(crate) fn scope_name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
        }
    }

    /// `Version` of the protocol.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Sts => "2011-06-15",
            Self::Iam => "2010-05-08",
        }
    }

    /// The namespace of replies.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        }
    }
}

/// Declares the actions once: variant, wire name, service.
macro_rules! actions {
    ($($variant:ident $name:literal $service:ident,)*) => {
        /// A call by its name on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Action {
            const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) fn service(self) -> Service {
                match self { $(Self::$variant => Service::$service,)* }
            }
        }
    };
}

actions! {
    GetCallerIdentity "GetCallerIdentity" Sts,
    GetSessionToken "GetSessionToken" Sts,
    AssumeRole "AssumeRole" Sts,
    GetFederationToken "GetFederationToken" Sts,
    GetAccessKeyInfo "GetAccessKeyInfo" Sts,
    GetUser "GetUser" Iam,
    ListUsers "ListUsers" Iam,
    ListMfaDevices "ListMFADevices" Iam,
    ListAccessKeys "ListAccessKeys" Iam,
    CreateAccessKey "CreateAccessKey" Iam,
    UpdateAccessKey "UpdateAccessKey" Iam,
    DeleteAccessKey "DeleteAccessKey" Iam,
}

impl Action {
    /// Finds the action that `Action` and `Version` name together.
    pub(crate) fn find(name: &str, version: &str) -> Result<Self, Refusal> {
        let named = |action: &&Self| action.name() == name && action.service().version() == version;
        let known = Self::ALL.iter().find(named).copied();
        known.ok_or_else(|| Refusal::invalid_action(name, version))
    }

    /// The action as policies write it: `iam:GetUser`.
    pub(crate) fn in_policies(self) -> String {
        format!("{}:{}", self.service().scope_name(), self.name())
    }
}
