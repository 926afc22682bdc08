//! The few sentences of the terminal, in the language of `LANG`.

pub struct Words {
    pub logged_in: &'static str,
    pub connected: &'static str,
    pub lost: &'static str,
    pub resumed: &'static str,
    pub resync: &'static str,
    pub duplicate: &'static str,
    pub given_up: &'static str,
    pub truncated: &'static str,
    pub help: &'static str,
}

const ENGLISH: Words = Words {
    logged_in: "logged in as",
    connected: "connected",
    lost: "connection lost; again in",
    resumed: "resumed where we were; changes missed and now shown:",
    resync: "too much has changed: select again what you need",
    duplicate: "(done once already: this is its first answer)",
    given_up: "not sent again:",
    truncated: "(there is more)",
    help: "SELECT …, INSERT …, UPDATE …     run a statement\n\
           name {\"arg\": 1}  or  .call name […]   call a function\n\
           .tables   what you may use        .quit   leave",
};

const FRENCH: Words = Words {
    logged_in: "connecté en tant que",
    connected: "en ligne",
    lost: "connexion perdue ; nouvel essai dans",
    resumed: "reprise là où nous étions ; changements manqués et montrés :",
    resync: "trop de changements : refaites vos SELECT",
    duplicate: "(déjà fait une fois : voici sa première réponse)",
    given_up: "non renvoyé :",
    truncated: "(il y en a davantage)",
    help: "SELECT …, INSERT …, UPDATE …     exécuter une instruction\n\
           nom {\"arg\": 1}  ou  .call nom […]   appeler une fonction\n\
           .tables   ce qui vous est ouvert   .quit   partir",
};

pub fn chosen() -> &'static Words {
    let lang = std::env::var("LC_ALL")
        .or_else(|_| std::env::var("LANG"))
        .unwrap_or_default();
    if lang.starts_with("fr") { &FRENCH } else { &ENGLISH }
}
