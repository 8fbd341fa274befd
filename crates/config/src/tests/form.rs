//! Mistakes of form: where they are, and in which words they are told.

use super::*;

#[test]
fn mistakes_have_their_line() {
    let mistake = |text: &str| read(text).unwrap_err().remove(0);
    assert!(read(GOOD).is_ok());
    assert!(mistake("name = \n").starts_with("1: "));
    assert!(mistake(&GOOD.replace("demo", "Demo!")).starts_with("3: keys.prefix: a prefix is"));
    let imported = GOOD.replace("prefix", "allow_imported = [\n  \"sk_\",\n  \"ksop_\",\n]\nprefix");
    assert!(mistake(&imported).starts_with("5: keys.allow_imported.1: what begins with `ksop`"));
    let unknown = mistake(&format!("{GOOD}\n[edge]\nmax_stalenes_ms = 3\n"));
    assert!(
        unknown.starts_with("8: edge.max_stalenes_ms: there is no setting \"max_stalenes_ms\" here; write one of "),
        "{unknown}"
    );
    let scope =
        mistake(&format!("{GOOD}[[scopes]]\nname = \"admin\"\nimplies = [\n  \"read:leads\",\n  \"Nope\",\n]\n"));
    assert!(scope.starts_with("10: scopes.1.implies.1: "), "{scope}");
    let limit = "[[rate_limits]]\nname = \"burst\"\nlimit = 5\nwindow_seconds = 1\n";
    let list = "[limits]\nrate_limits = [\n  { name = \"burst\",\n    limit = 0.5 },\n  \"brust\",\n]\n";
    let found = read(&format!("{GOOD}{limit}{list}")).unwrap_err();
    assert!(found[0].starts_with("13: limits.rate_limits.0.limit: write a whole number"), "{found:?}");
    assert!(found[1].starts_with("14: limits.rate_limits.1: no [[rate_limits]] defines"), "{found:?}");
    let missing = mistake(&format!("{GOOD}{}", limit.replace("limit = 5\n", "")));
    assert!(missing.starts_with("6: rate_limits.0.limit: write a whole number"), "{missing}");
}

#[test]
fn a_number_that_no_setting_takes_has_its_line() {
    let mistake = |number: &str| {
        let text = format!("{GOOD}[[rate_limits]]\nname = \"burst\"\nwindow_seconds = 1\nlimit = {number}\n");
        let [mistake] = <[String; 1]>::try_from(read(&text).unwrap_err()).unwrap();
        mistake
    };
    let number = "9".repeat(20);
    let expected = format!("9: rate_limits.0.limit: write a whole number from 1 to 1000000000, not {number}");
    assert_eq!(mistake(&number), expected);
    let mistake = mistake(&"9".repeat(50));
    assert!(mistake.starts_with("9: "), "{mistake}");
    assert!(mistake.ends_with("no setting takes so large a number; write a smaller one"), "{mistake}");
}

/// Reads [`EXAMPLE`] with one line replaced; returns what is said, without its line number.
fn said_of(from: &str, to: &str) -> Vec<String> {
    let mistakes = read(&replaced(EXAMPLE, from, to)).unwrap_err();
    mistakes.iter().map(|mistake| mistake.split_once(": ").unwrap().1.to_string()).collect()
}

#[test]
fn a_mistake_is_told_alone_without_those_that_follow_from_it() {
    for (from, to, only) in [
        ("service = \"UPSTREAM\"", "service = \"not a binding\"", "upstreams.0.service: write the name of a service"),
        ("service = \"UPSTREAM\"", "url = \"ftp://x\"", "upstreams.0.url: write an https:// URL"),
        ("service = \"UPSTREAM\"", "", "upstreams.0: write either service"),
        (
            "name = \"write:leads\"",
            "name = \"read:leads\"\n[[scopes]]\nname = \"write:leads\"",
            "scopes.1.name: the scope \"read:leads\" is defined twice",
        ),
        ("implies = [\"*\"]", "implies = [\"nothing\"]", "scopes.2.implies.0: \"admin\" implies \"nothing\""),
        ("implies = [\"*\"]", "implies = [\"Not a scope\"]", "scopes.2.implies.0: \"admin\" implies"),
        ("[[scopes]]\nname = \"write:leads\"", "[[scopes]]\nname = \"Write\"", "scopes.1.name: a scope is 1 to 64"),
        ("headers = [\"bearer\"]", "headers = [\"bearer\"]\nenvironments = []", "keys.environments: write"),
        ("max_staleness_ms = 1000", "base = \"/api/\"", "edge.base: write a path such as"),
    ] {
        // The names are mistaken where they are defined, and used as they are there.
        let text = EXAMPLE.replacen(from, to, 1);
        let text = if to.contains("Write") { text.replace("\"write:leads\"", "\"Write\"") } else { text };
        let found = mistakes(&text);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(found[0].starts_with(only), "{only} in {found:?}");
    }
}

#[test]
fn mistakes_of_form_are_told_in_the_words_of_the_file() {
    for (from, to, said) in [
        ("[[upstreams]]", "[upstreams]", "upstreams: write [[upstreams]], in double brackets"),
        ("[usage]", "[[usage]]", "usage: write [usage], in single brackets"),
        ("[edge]", "[[edge]]", "edge: write [edge], in single brackets"),
        ("[edge]", "[edge]\ncors = true", "edge.cors: write [edge.cors], in single brackets"),
        ("prefix = \"knq\"", "prefix = 5", "keys.prefix: write a text in quotation marks, not 5"),
        ("prefix = \"knq\"", "", "keys: write prefix = … here"),
        ("prefix = \"knq\"", "prefix = \"knq\"\nprefix = \"knq\"", "\"prefix\" is written twice; keep one of them"),
        (
            "[usage]",
            "[audit]\nretention_days = 70000\n[usage]",
            "audit.retention_days: write a smaller number, not 70000",
        ),
        ("[keys]", "[keys_]", "keys_: there is no setting \"keys_\" here; write one of"),
        ("[[scopes]]\nname = \"read:leads\"", "[[scopes]]\ndescription = \"\"", "scopes.0: write name = … here"),
        ("[usage]", "[keys]", "\"keys\" is written twice; keep one of them"),
        (
            "headers = [\"bearer\"]",
            "headers = \"bearer\"",
            "keys.headers: write a list in square brackets, not \"bearer\"",
        ),
        ("flush_seconds = 5", "flush_seconds = -5", "usage.flush_seconds: write a number that is not negative, not -5"),
        ("flush_seconds = 5", "flush_seconds = 0.5", "usage.flush_seconds: write a whole number, not 0.5"),
        ("flush_seconds = 5", "flush_seconds = \"5\"", "usage.flush_seconds: write a whole number, not \"5\""),
        (
            "strict = true",
            "strict = \"yes\"",
            "routes.0.strict: write true or false, without quotation marks, not \"yes\"",
        ),
        ("strict = true", "strct = true", "routes.0.strct: there is no setting \"strct\" here; write one of `path`"),
        (
            "environment = \"live\"",
            "environment = \"prod\"",
            "routes.0.environment: write \"live\" or \"test\", not \"prod\"",
        ),
    ] {
        let found = said_of(from, to);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(found[0].starts_with(said), "{said} in {found:?}");
    }
    let scopes = EXAMPLE.split("[[scopes]]").collect::<Vec<_>>().join("");
    let one = format!("{}[scopes]\n{}", &scopes[..scopes.find("\nname = \"read").unwrap()], "name = \"read:leads\"\n");
    assert_eq!(read(&one).unwrap_err().len(), 1);
    assert!(
        read(&one).unwrap_err()[0].contains("scopes: write [[scopes]], in double brackets, above the settings of each")
    );
    assert_eq!(read("name = \"Demo\"\n").unwrap_err(), ["1: write the table [keys]"]);
    let texts = format!("scopes = [\"read:leads\"]\n{}", GOOD.replace("[[scopes]]\nname = \"read:leads\"\n", ""));
    assert!(read(&texts).unwrap_err()[0].starts_with("1: scopes: write [[scopes]]"));
}
