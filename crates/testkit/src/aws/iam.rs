//! The part of IAM that looks after a user's own keys and devices.

use jiff::Timestamp;

use super::action::Action;
use super::authenticate::Caller;
use super::incoming::Incoming;
use super::refusal::Refusal;
use super::world::{CredentialKind, User, World};
use super::xml::Xml;

/// Access keys per user; inactive ones count.
const KEY_LIMIT: usize = 2;

/// Performs an action for a caller and returns the content of the result element.
pub(crate) fn perform(
    world: &mut World,
    caller: &Caller,
    action: Action,
    incoming: &Incoming,
) -> Result<Vec<Xml>, Refusal> {
    let barred = match caller.kind {
        CredentialKind::Session => !caller.mfa,
        CredentialKind::Federated => true,
        CredentialKind::LongTerm | CredentialKind::Role => false,
    };
    if barred {
        return Err(Refusal::invalid_token());
    }
    if !caller.policies.allow(&action.in_policies()) {
        return Err(Refusal::not_authorized(&caller.principal.arn, &action.in_policies(), "*"));
    }
    if action == Action::ListUsers {
        return Ok(list_users(world, &caller.principal.account));
    }
    let owner = named_user(world, caller, incoming)?;
    match action {
        Action::GetUser => Ok(vec![Xml::Node("User", describe(&world.users[&owner]))]),
        Action::ListMfaDevices => Ok(list_devices(world, &owner)),
        Action::ListAccessKeys => Ok(list_keys(world, &owner)),
        Action::CreateAccessKey => create_key(world, &owner),
        Action::UpdateAccessKey => update_key(world, &owner, incoming),
        Action::DeleteAccessKey => delete_key(world, &owner, incoming),
        other => Err(Refusal::invalid_action(other.name(), "2010-05-08")),
    }
}

/// `UserName`, or else the user whose credentials signed.
fn named_user(world: &World, caller: &Caller, incoming: &Incoming) -> Result<String, Refusal> {
    let Some(name) = incoming.get("UserName") else {
        let entity = &caller.principal.entity;
        return world.users.get(entity).map(|_| entity.clone()).ok_or_else(|| {
            Refusal::validation("Must specify userName when calling with non-User credentials")
        });
    };
    let found = world
        .users
        .iter()
        .find(|(_, user)| user.name == name && user.principal.account == caller.principal.account);
    let missing = format!("The user with name {name} cannot be found.");
    found.map(|(arn, _)| arn.clone()).ok_or_else(|| Refusal::no_such_entity(missing))
}

fn describe(user: &User) -> Vec<Xml> {
    let mut fields = vec![Xml::text("Path", "/")];
    if !user.name.is_empty() {
        fields.push(Xml::text("UserName", &user.name));
    }
    fields.extend([
        Xml::text("UserId", &user.principal.id),
        Xml::text("Arn", &user.principal.arn),
        Xml::text("CreateDate", when(user.created)),
    ]);
    fields
}

fn when(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn list_users(world: &World, account: &str) -> Vec<Xml> {
    let here = |user: &&User| user.principal.account == account && !user.name.is_empty();
    let users = world.users.values().filter(here).map(describe).collect();
    vec![Xml::text("IsTruncated", false), Xml::list("Users", users)]
}

fn list_devices(world: &World, owner: &str) -> Vec<Xml> {
    let name = &world.users[owner].name;
    let devices = world.devices.iter().filter(|(_, device)| device.owner == owner);
    let devices = devices.map(|(serial, device)| {
        vec![
            Xml::text("UserName", name),
            Xml::text("SerialNumber", serial),
            Xml::text("EnableDate", when(device.enabled)),
        ]
    });
    vec![Xml::text("IsTruncated", false), Xml::list("MFADevices", devices.collect())]
}

fn list_keys(world: &World, owner: &str) -> Vec<Xml> {
    let name = &world.users[owner].name;
    let keys = world.keys_of(owner).map(|(id, key)| {
        vec![
            Xml::text("UserName", name),
            Xml::text("AccessKeyId", id),
            Xml::text("Status", if key.active { "Active" } else { "Inactive" }),
            Xml::text("CreateDate", when(key.created)),
        ]
    });
    vec![Xml::text("IsTruncated", false), Xml::list("AccessKeyMetadata", keys.collect())]
}

fn create_key(world: &mut World, owner: &str) -> Result<Vec<Xml>, Refusal> {
    if world.keys_of(owner).count() >= KEY_LIMIT {
        let message = format!("Cannot exceed quota for AccessKeysPerUser: {KEY_LIMIT}");
        return Err(Refusal::limit_exceeded(message));
    }
    let id = world.create_key(owner);
    let (key, name) = (&world.keys[&id], &world.users[owner].name);
    let fields = vec![
        Xml::text("UserName", name),
        Xml::text("AccessKeyId", &id),
        Xml::text("Status", "Active"),
        Xml::text("SecretAccessKey", &key.secret),
        Xml::text("CreateDate", when(key.created)),
    ];
    Ok(vec![Xml::Node("AccessKey", fields)])
}

/// The id of a key that belongs to `owner`.
fn own_key(world: &World, owner: &str, incoming: &Incoming) -> Result<String, Refusal> {
    let id = incoming.get("AccessKeyId").unwrap_or_default();
    let owned = world.keys.get(id).is_some_and(|key| key.owner == owner);
    let missing = format!("The Access Key with id {id} cannot be found.");
    if owned { Ok(id.to_owned()) } else { Err(Refusal::no_such_entity(missing)) }
}

fn update_key(world: &mut World, owner: &str, incoming: &Incoming) -> Result<Vec<Xml>, Refusal> {
    let id = own_key(world, owner, incoming)?;
    let active = match incoming.get("Status") {
        Some("Active") => true,
        Some("Inactive") => false,
        other => {
            let rule = "Member must satisfy enum value set: [Active, Inactive]";
            return Err(Refusal::constraint(other.unwrap_or("null"), "status", rule));
        }
    };
    if let Some(key) = world.keys.get_mut(&id) {
        key.active = active;
    }
    Ok(Vec::new())
}

fn delete_key(world: &mut World, owner: &str, incoming: &Incoming) -> Result<Vec<Xml>, Refusal> {
    let id = own_key(world, owner, incoming)?;
    world.keys.remove(&id);
    Ok(Vec::new())
}
