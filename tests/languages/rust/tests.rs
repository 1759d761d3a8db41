//! The crate beside a real broker; see stage.py for what the environment holds. One test at a time:
//! `--test-threads=1`, since they share the vhost.

mod client_tests;
mod handle_tests;
mod json;
mod stage;
mod worker_tests;

use json::Object;

#[test]
fn the_tests_own_json() {
    let text = "a \" \\ \u{1} ä \u{1f600}";
    let object =
        format!(r#"{{ "t" : {}, "o":{{"x":[1,"}}"]}} ,"e":"\ud83d\ude00" }}"#, json::quoted(text));
    let object = Object::parse(&object).unwrap();
    assert_eq!(object.text("t").as_deref(), Some(text));
    assert_eq!(object.raw("o"), Some(r#"{"x":[1,"}"]}"#));
    assert_eq!(object.text("e").as_deref(), Some("\u{1f600}"));
}
