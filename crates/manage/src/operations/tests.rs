//! Checks the tables of operations and commands against each other and against `docs/reference/openapi.json`.

mod answers;

use std::collections::BTreeSet;

use keystile_core::api::portal::MAY;
use serde_json::{Value, json};

use super::{Answers, COMMANDS, OPERATIONS, Operation, Whose};
use crate::documented::document;

/// An operation in the form that the table and the document share: method, path, id, security.
fn of_table(operation: &Operation) -> (String, String, String, Value) {
    let security = match operation.answers {
        Answers::Public(_) | Answers::Anyone(_) => json!([]),
        // Reports come from operators who may revoke keys, or from anybody.
        Answers::AnyoneLater(_) => json!([{"operatorKey": ["keys:write"]}, {}]),
        Answers::Portal(_) => json!([{"portalToken": []}]),
        Answers::Operators(access, _) => {
            let needed: Vec<_> = access.iter().map(|(scope, _)| scope.as_str()).collect();
            let portal = operation.portal.then(|| json!({ "portalToken": needed }));
            Value::from_iter([json!({ "operatorKey": needed })].into_iter().chain(portal))
        }
    };
    (operation.method.to_string().to_lowercase(), operation.path.into(), operation.id.into(), security)
}

#[test]
fn the_document_has_the_operations_of_the_table_with_their_scopes() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let documented = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters");
        methods.map(move |(method, operation)| {
            let id = operation["operationId"].as_str().unwrap();
            (method.clone(), path.clone(), id.to_string(), operation["security"].clone())
        })
    });
    let sorted = |mut all: Vec<(String, String, String, Value)>| {
        all.sort_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
        all
    };
    assert_eq!(sorted(OPERATIONS.iter().map(of_table).collect()), sorted(documented.collect()));
}

#[test]
fn an_operation_for_operators_of_all_tenants_asks_for_them() {
    let document = document();
    for operation in OPERATIONS {
        let method = operation.method.to_string().to_lowercase();
        let description = document["paths"][operation.path][method]["description"].as_str().unwrap_or_default();
        let whose = match operation.answers {
            Answers::Operators(Some((_, whose)), _) => Some(whose),
            _ => None,
        };
        if description.contains("or operators of all tenants") {
            assert_eq!(whose, Some(Whose::AllTenants), "{}", operation.id);
        }
        if whose == Some(Whose::PathTenant) {
            assert!(operation.path.contains("/{tenant}"), "{}", operation.id);
        }
    }
}

#[test]
fn portal_sessions_call_operations_that_name_a_right_of_theirs_for_the_tenant_of_the_path() {
    for operation in OPERATIONS.iter().filter(|operation| operation.portal) {
        match operation.answers {
            Answers::Operators(Some((scope, whose)), _) => {
                assert!(MAY.contains(&scope), "{}", operation.id);
                assert_eq!(whose, Whose::PathTenant, "{}", operation.id);
            }
            // The catalog of scopes is no tenant's.
            Answers::Operators(None, _) => assert_eq!(operation.path, "/v1/scopes"),
            Answers::Portal(_) => {}
            Answers::Public(_) | Answers::Anyone(_) | Answers::AnyoneLater(_) => panic!("{}", operation.id),
        }
    }
}

#[test]
fn no_two_commands_have_one_path() {
    let paths: BTreeSet<_> = COMMANDS.iter().map(|handler| handler.path).collect();
    assert_eq!(paths.len(), COMMANDS.len());
}

#[test]
fn the_ledger_of_an_erased_tenant_answers_these_and_refuses_all_others() {
    let answered: Vec<_> =
        COMMANDS.iter().filter(|handler| handler.answered_once_erased).map(|handler| handler.path).collect();
    let expected = ["/export", "/summary", "/audit", "/erase-tenant", "/publish-again", "/usage"];
    assert_eq!(answered, expected);
}
