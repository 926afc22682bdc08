//! What people read in place of names: `labels.toml`.

use comptoir::pack::Pack;
use serde_json::json;

use crate::{
    shipped::serve,
    support::{check, faults},
};

const FUNCTION: &str = "-- name: raise :one\n-- param: id integer\n-- roles: vendeur\n\
    UPDATE produits SET prix = prix + 1 WHERE id = :id RETURNING id, prix AS nouveau;\n-- expect: 1 \"Inconnu\"\n";

#[test]
fn a_label_that_names_nothing_is_a_fault_with_its_line() {
    let fault = |text: &str, line: usize, reason: &str| {
        let found = faults(&[("functions/f.sql", FUNCTION), ("labels.toml", text)]);
        let at = format!("labels.toml:{line}: ");
        assert!(
            found.contains(&at) && found.contains(reason),
            "wanted {at}…{reason}, found:\n{found}"
        );
    };
    fault("[functions]\nlower = \"Baisser\"\n", 2, "no function `lower`");
    fault("[tables]\nproduit = \"Produits\"\n", 2, "no table `produit`");
    fault("[fields]\nnom = \"Nom\"\npoids = \"Poids\"\n", 3, "`poids`");
    fault("[fields]\n\"raise.nom\" = \"Nom\"\n", 2, "`raise.nom`");
    fault("[messages]\n\"Connu\" = { en = \"Known\" }\n", 2, "says `Connu`");
    fault("[tables]\nproduits = { de = \"Waren\" }\n", 2, "");
    fault("[colours]\n", 1, "colours");
    let good = "[fields]\nnouveau = \"Nouveau prix\"\nid = { fr = \"N°\", en = \"No.\" }\n\"raise.id\" = \"Produit\"\n";
    let pack = check(&[("functions/f.sql", FUNCTION), ("labels.toml", good)]).unwrap();
    assert_eq!(pack.labels.field("raise", "id").unwrap().in_lang("fr"), "Produit");
    assert_eq!(pack.labels.field("produits", "id").unwrap().in_lang("fr"), "N°");
}

#[test]
fn a_role_is_told_the_titles_of_what_it_may_use_and_of_nothing_else() {
    let hub = serve("shop");
    let awa = hub.as_user("awa");
    let schema = awa.get("/api/schema").json();
    let find = |list: &serde_json::Value, name: &str| {
        let found = list.as_array().unwrap().iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name} in {list}")).clone()
    };
    let products = find(&schema["tables"], "produits");
    assert_eq!(
        products["title"],
        json!({ "fr": "Produits", "en": "Products", "ar": "المنتجات" })
    );
    assert_eq!(find(&products["columns"], "nom")["title"]["en"], "Name");
    let sell = find(&schema["functions"], "sell");
    assert_eq!(sell["title"]["en"], "Sell an article");
    assert_eq!(find(&sell["params"], "produit_id")["title"]["fr"], "Produit");
    assert_eq!(sell["columns"]["statut"]["en"], "Status");
    assert_eq!(schema["roles"]["caisse"]["en"], "Cashier");
    for secret in ["Prix d’achat", "prix_achat", "Paiements", "paiements"] {
        assert!(!schema["tables"].to_string().contains(secret), "{secret}");
    }
}

#[test]
fn a_refusal_says_its_sentence_and_has_the_other_languages_beside_it() {
    let hub = serve("shop");
    let refused = hub
        .as_user("awa")
        .post("/api/rpc/sell", &json!({ "produit_id": 3, "quantite": 99999 }))
        .json();
    assert_eq!(refused["code"], "precondition_failed");
    assert_eq!(refused["detail"], "Stock insuffisant");
    assert_eq!(
        refused["texts"],
        json!({ "en": "Not enough stock", "ar": "المخزون غير كافٍ" })
    );
}

#[test]
fn the_packs_that_ship_name_every_function_in_three_languages() {
    for name in comptoir::pack::embedded_names() {
        let pack = Pack::embedded(name).unwrap();
        for function in pack.functions.keys() {
            let title = pack.labels.function(function);
            let title = title.unwrap_or_else(|| panic!("{name}: `{function}` has no title in labels.toml"));
            assert!(
                title.fr.is_some() && title.en.is_some() && title.ar.is_some(),
                "{name}: {function}"
            );
        }
        for role in pack.roles.0.values() {
            for table in role.tables.keys() {
                assert!(
                    pack.labels.table(table).is_some(),
                    "{name}: `{table}` has no title in labels.toml"
                );
            }
        }
        let said = pack.functions.values().flat_map(|function| &function.steps);
        for expect in said.filter_map(|step| step.expect.as_ref()) {
            assert_eq!(
                expect.message.is_some(),
                expect.texts.is_some(),
                "{name}: {:?}",
                expect.message
            );
        }
    }
}
