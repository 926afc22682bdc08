//! What the console says at start, in the language of the machine: where to open the hub, whom to log
//! in as, and what to be wary of.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
};

/// A language that texts for people exist in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    En,
    Fr,
    Ar,
}

impl Lang {
    /// From `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set; English where it is another language.
    pub fn of_console() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty());
        Self::parse(&set.unwrap_or_default())
    }

    /// As in packs and accounts: `en`, `fr`, `ar`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::Ar => "ar",
        }
    }

    fn parse(locale: &str) -> Self {
        match locale.split(['_', '.', '@', '-']).next() {
            Some("fr") => Self::Fr,
            Some("ar") => Self::Ar,
            _ => Self::En,
        }
    }
}

/// Everything the start-up text depends on.
#[derive(Debug, Clone)]
pub struct Banner {
    pub lang: Lang,
    /// As bound: the port is the real one.
    pub listening: SocketAddr,
    /// The title of the pack in this language; `None` without a pack.
    pub pack: Option<String>,
    /// Name, role and password of the demo users; empty unless `--demo`.
    pub demo_users: Vec<(String, String, String)>,
    /// Name and password of the administrator made at this start: shown now and never again.
    pub first_administrator: Option<(String, String)>,
    /// Nobody logged in yet: the set-up page is open.
    pub set_up: bool,
    /// Made by `--demo` and served without it: its users have known passwords.
    pub demo_data: bool,
    pub login_from_lifted: bool,
    /// Tokens are accepted over plain HTTP from other machines.
    pub plain_http: bool,
}

/// The addresses at which the hub can be opened: this machine's own where it listens on all of them.
pub fn addresses(listening: SocketAddr) -> Vec<SocketAddr> {
    if !listening.ip().is_unspecified() {
        return vec![listening];
    }
    let usable = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => true,
        // Link-local addresses need a zone that browsers do not take.
        IpAddr::V6(v6) => listening.is_ipv6() && !v6.is_unicast_link_local(),
    };
    let mut own: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .map(|interface| interface.ip())
        .filter(usable)
        .collect();
    // Loopback first: it is the one to try on this very machine.
    own.sort_by_key(|ip| (!ip.is_loopback(), ip.is_ipv6(), *ip));
    own.dedup();
    own.into_iter()
        .map(|ip| SocketAddr::new(ip, listening.port()))
        .collect()
}

impl Banner {
    /// The text, ending in a newline.
    pub fn render(&self) -> String {
        let words = words(self.lang);
        let mut out = String::new();
        // Writing to a String cannot fail.
        let mut line = |text: &str| _ = writeln!(out, "{text}");
        let name = self.pack.as_deref().unwrap_or(words.no_pack);
        line(&format!("Comptoir {} · {name}", env!("CARGO_PKG_VERSION")));
        line("");
        line(words.open);
        for address in addresses(self.listening) {
            line(&format!("  http://{address}"));
        }
        if !self.demo_users.is_empty() {
            line("");
            line(words.log_in_as);
            for (user, role, password) in &self.demo_users {
                line(&format!("  {user:<10} {role:<16} {}: {password}", words.password));
            }
        }
        if let Some((user, password)) = &self.first_administrator {
            line("");
            line(words.first_administrator);
            line(&format!("  {user}    {}: {password}", words.password));
        }
        if self.set_up {
            line("");
            line(words.set_up);
            let here = addresses(self.listening).into_iter().next();
            line(&format!("  http://{}/setup", here.unwrap_or(self.listening)));
        }
        if self.demo_data {
            line("");
            line(words.demo_data);
        }
        if self.login_from_lifted {
            line("");
            line(words.lifted);
        }
        if self.plain_http && !self.listening.ip().is_loopback() {
            line("");
            line(words.plain_http);
        }
        line("");
        line(words.stop);
        out
    }
}

struct Words {
    no_pack: &'static str,
    open: &'static str,
    log_in_as: &'static str,
    password: &'static str,
    first_administrator: &'static str,
    set_up: &'static str,
    demo_data: &'static str,
    lifted: &'static str,
    plain_http: &'static str,
    stop: &'static str,
}

fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::En => &Words {
            no_pack: "no app pack: only administrators can do anything",
            open: "Open one of these:",
            log_in_as: "Log in as:",
            password: "password",
            first_administrator: "First administrator. Shown only now; to be changed at the first login:",
            set_up: "Or set the hub up in a browser on this very machine:",
            demo_data: "WARNING: this is the data of a demo. Its users have passwords that everybody knows, and whoever reaches this\naddress, through a proxy too, gets in. For real work start with a new --data directory.",
            lifted: "Warning: every role may log in from anywhere (auth.login_from_anywhere).",
            plain_http: "Warning: passwords and tokens cross the network unencrypted (server.allow_plain_http).",
            stop: "Stop with Ctrl-C.",
        },
        Lang::Fr => &Words {
            no_pack: "sans application : seuls les administrateurs peuvent agir",
            open: "Ouvrez l'une de ces adresses :",
            log_in_as: "Connectez-vous en tant que :",
            password: "mot de passe",
            first_administrator: "Premier administrateur. Affiché cette seule fois, à changer à la première connexion :",
            set_up: "Ou installez le serveur depuis un navigateur de cette machine même :",
            demo_data: "ATTENTION : ce sont les données d'une démonstration. Ses comptes ont des mots de passe connus de tous : quiconque\natteint cette adresse, même à travers un proxy, peut entrer. Pour travailler, démarrez avec un autre dossier --data.",
            lifted: "Attention : chaque rôle peut se connecter de partout (auth.login_from_anywhere).",
            plain_http: "Attention : mots de passe et jetons circulent en clair sur le réseau (server.allow_plain_http).",
            stop: "Ctrl-C pour arrêter.",
        },
        Lang::Ar => &Words {
            no_pack: "بدون تطبيق: لا يعمل إلا المديرون",
            open: "افتح أحد هذه العناوين:",
            log_in_as: "سجّل الدخول باسم:",
            password: "كلمة المرور",
            first_administrator: "المدير الأول. لا تظهر إلا هذه المرة، ويجب تغييرها عند أول دخول:",
            set_up: "أو قم بإعداد الخادم من متصفح على هذا الجهاز نفسه:",
            demo_data: "تحذير: هذه بيانات تجريبية، وكلمات مرور مستخدميها معروفة للجميع: من يصل إلى هذا العنوان، ولو عبر وسيط،\nيستطيع الدخول. للعمل الحقيقي ابدأ بمجلد --data جديد.",
            lifted: "تنبيه: يمكن لكل دور الدخول من أي مكان (auth.login_from_anywhere).",
            plain_http: "تنبيه: كلمات المرور والرموز تمر عبر الشبكة دون تشفير (server.allow_plain_http).",
            stop: "للإيقاف: Ctrl-C.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner(lang: Lang, listening: &str) -> Banner {
        Banner {
            lang,
            listening: listening.parse().unwrap(),
            pack: Some("Boutique".into()),
            demo_users: vec![("awa".into(), "vendeur".into(), "demo".into())],
            first_administrator: None,
            set_up: false,
            demo_data: false,
            login_from_lifted: true,
            plain_http: true,
        }
    }

    #[test]
    fn the_console_follows_the_locale() {
        assert_eq!(Lang::parse("fr_FR.UTF-8"), Lang::Fr);
        assert_eq!(Lang::parse("ar"), Lang::Ar);
        assert_eq!(Lang::parse("C.UTF-8"), Lang::En);
        assert_eq!(Lang::parse("de_DE"), Lang::En);
    }

    #[test]
    fn a_demo_says_where_and_who_and_that_places_are_lifted() {
        let text = banner(Lang::En, "127.0.0.1:8080").render();
        for part in [
            "http://127.0.0.1:8080\n",
            "awa",
            "vendeur",
            "password: demo",
            "login_from_anywhere",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            !text.contains("unencrypted"),
            "loopback crosses no network: {text}"
        );
    }

    #[test]
    fn on_all_interfaces_every_own_address_is_listed_and_none_unspecified() {
        let text = banner(Lang::Fr, "0.0.0.0:9000").render();
        assert!(text.contains("http://127.0.0.1:9000\n"), "{text}");
        assert!(!text.contains("0.0.0.0"), "{text}");
        assert!(text.contains("en clair"), "{text}");
    }

    #[test]
    fn the_first_password_is_shown_in_every_language() {
        for lang in [Lang::En, Lang::Fr, Lang::Ar] {
            let mut banner = banner(lang, "127.0.0.1:1");
            banner.first_administrator = Some(("admin".into(), "k3-tr9".into()));
            assert!(banner.render().contains("k3-tr9"));
        }
    }
}
