//! Two databases that differ only in what a role may not read give it byte-identical answers, order and errors, to any
//! statement. `COMPTOIR_GENERATED` sets how many are tried.

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use comptoir::protocol::error::Result;
use comptoir::store::data::statement::Ran;

use crate::support::{Shop, vendeur};

const STATEMENTS: usize = 20_000;

struct Generator(StdRng, /** Only what the role may read. */ bool);

impl Generator {
    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.choose(&mut self.0).unwrap()
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.0.random_range(0..n) == 0
    }

    fn table(&mut self) -> &'static str {
        if self.1 {
            return self.pick(&["produits", "ventes", "notes"]);
        }
        self.pick(&[
            "produits",
            "produits",
            "produits",
            "ventes",
            "ventes",
            "notes",
            "bilan",
            "staff",
            "secrets",
            "paie",
            "journal",
            "main.produits",
            "\"ventes\"",
            "g",
            "g",
            "h",
            "json_each('[1,2,7,3]')",
        ])
    }

    fn column(&mut self) -> &'static str {
        if self.1 {
            return self.pick(&["a.rowid", "1", "a.rowid", "'p3'"]);
        }
        self.pick(&[
            "id",
            "id",
            "nom",
            "prix",
            "stock",
            "produit_id",
            "quantite",
            "numero",
            "texte",
            "auteur",
            "lignes",
            "effectif",
            "achat",
            "fournisseur",
            "salary",
            "pin",
            "note",
            "k",
            "v",
            "rowid",
            "a.id",
            "b.id",
            "a.nom",
            "b.achat",
            "a.salary",
            "x",
            "y",
            "value",
        ])
    }

    fn literal(&mut self) -> String {
        match self.0.random_range(0..6) {
            0 => "NULL".into(),
            1 => format!("'p{}'", self.0.random_range(0..8)),
            2 => format!("'V{}'", self.0.random_range(0..15)),
            _ => self.0.random_range(-2..110).to_string(),
        }
    }

    fn expression(&mut self, depth: u32) -> String {
        if depth == 0 {
            return if self.one_in(3) {
                self.literal()
            } else {
                self.column().to_owned()
            };
        }
        let d = depth - 1;
        match self.0.random_range(0..14) {
            0 => format!(
                "({} {} {})",
                self.expression(d),
                self.pick(&[
                    "+", "-", "*", "||", "=", "<", ">", "IS", "AND", "OR", "%", "/", "LIKE", "->>"
                ]),
                self.expression(d)
            ),
            1 => format!(
                "{}({})",
                self.pick(&[
                    "max",
                    "min",
                    "count",
                    "sum",
                    "length",
                    "typeof",
                    "upper",
                    "group_concat",
                    "abs",
                    "hex",
                    "quote",
                    "json_array",
                    "total"
                ]),
                self.expression(d)
            ),
            2 => format!("(SELECT {} FROM {} LIMIT 1)", self.expression(d), self.source(d)),
            3 => format!("EXISTS ({})", self.select(d)),
            4 => format!("({} IN ({}))", self.expression(d), self.select(d)),
            5 => format!(
                "CASE WHEN {} THEN {} ELSE {} END",
                self.expression(d),
                self.expression(d),
                self.expression(d)
            ),
            6 => format!(
                "row_number() OVER (PARTITION BY {} ORDER BY {})",
                self.expression(d),
                self.expression(d)
            ),
            7 => format!("coalesce({}, {})", self.expression(d), self.expression(d)),
            8 => format!("count(*) FILTER (WHERE {})", self.expression(d)),
            9 => format!("({} IN {})", self.expression(d), self.table()),
            _ => self.expression(0),
        }
    }

    fn source(&mut self, depth: u32) -> String {
        match self.0.random_range(0..10) {
            0 if depth > 0 => format!("({}) AS a", self.select(depth - 1)),
            1 | 2 => format!(
                "{} AS a NATURAL {} {} AS b",
                self.table(),
                self.pick(&["JOIN", "LEFT JOIN", "FULL JOIN"]),
                self.table()
            ),
            3 | 4 => format!(
                "{} AS a JOIN {} AS b USING ({})",
                self.table(),
                self.table(),
                self.column()
            ),
            5 => format!(
                "{} AS a {} {} AS b ON {}",
                self.table(),
                self.pick(&["JOIN", "LEFT JOIN", "CROSS JOIN"]),
                self.table(),
                self.expression(depth.min(1))
            ),
            6 => format!("{} AS a, {} AS b", self.table(), self.table()),
            _ => format!("{} AS a", self.table()),
        }
    }

    fn with(&mut self) -> String {
        if !self.one_in(2) {
            return String::new();
        }
        let name = self.pick(&[
            "g",
            "g",
            "g",
            "staff",
            "bilan",
            "produits",
            "vente_journal",
            "paie",
        ]);
        let (columns, body) = match self.0.random_range(0..4) {
            0 => ("(salary)".to_owned(), "VALUES (1013), (1026), (1039)".to_owned()),
            1 => ("(achat)".to_owned(), "VALUES (0), (7), (18), (107)".to_owned()),
            2 => (
                format!(
                    "({}, {})",
                    self.pick(&["note", "achat", "pin", "x"]),
                    self.pick(&["id", "k", "y"])
                ),
                "VALUES (7, 1), ('h4', 2), (18, 3)".to_owned(),
            ),
            _ => (String::new(), self.select(1)),
        };
        format!(
            "WITH {name}{columns} AS {} ({body}) ",
            self.pick(&["", "MATERIALIZED", "NOT MATERIALIZED"])
        )
    }

    fn select(&mut self, depth: u32) -> String {
        let result = match self.0.random_range(0..5) {
            0 => "*".to_owned(),
            1 => format!("a.{}", self.pick(&["*", "id", "nom", "achat"])),
            2 => "count(*)".to_owned(),
            3 => self.expression(depth),
            _ => format!("{}, {}", self.expression(depth), self.column()),
        };
        let mut sql = format!(
            "SELECT {}{result} FROM {}",
            self.pick(&["", "", "DISTINCT "]),
            self.source(depth)
        );
        if self.one_in(2) {
            sql += &format!(" WHERE {}", self.expression(depth));
        }
        if self.one_in(5) {
            sql += &format!(" GROUP BY {}", self.expression(depth.min(1)));
        }
        if self.one_in(3) {
            sql += &format!(" ORDER BY {}", self.expression(depth.min(1)));
        }
        if self.one_in(3) {
            sql += &format!(" LIMIT {}", self.0.random_range(0..9));
        }
        sql
    }

    /// A write that the role may do, mostly.
    fn tame_write(&mut self, depth: u32) -> String {
        let (table, set, insert) = match self.0.random_range(0..3) {
            0 => ("produits", "stock", None),
            1 => ("ventes", "quantite", Some("numero, quantite")),
            _ => ("notes", "auteur", Some("texte, auteur")),
        };
        let or = self.pick(&["", "OR IGNORE "]);
        let (key, returning) = if table == "notes" {
            ("rowid", self.pick(&["", " RETURNING rowid", " RETURNING *"]))
        } else {
            ("id", self.pick(&["", " RETURNING id", " RETURNING 1 + id"]))
        };
        match insert {
            Some(columns) if self.one_in(2) => format!(
                "INSERT {or}INTO {table}({columns}) SELECT {}, 2 FROM {}{returning}",
                self.expression(depth),
                self.source(depth)
            ),
            _ => format!(
                "UPDATE {or}{table} SET {set} = 1 + (SELECT count(*) FROM {}) WHERE {key} < {}{returning}",
                self.source(depth),
                self.literal()
            ),
        }
    }

    fn write(&mut self) -> String {
        let depth = self.0.random_range(0..3);
        self.1 = self.one_in(2);
        let sql = self.write_of(depth);
        self.1 = false;
        sql
    }

    fn write_of(&mut self, depth: u32) -> String {
        if self.1 {
            return self.tame_write(depth);
        }
        let target = self.pick(&[
            "notes", "notes", "ventes", "ventes", "produits", "staff", "bilan", "secrets",
        ]);
        let returning = match self.0.random_range(0..4) {
            0 => " RETURNING *".to_owned(),
            1 => format!(" RETURNING {}", self.expression(depth)),
            _ => String::new(),
        };
        match self.0.random_range(0..4) {
            0 => format!(
                "{}DELETE FROM {target} WHERE {}{returning}",
                self.with(),
                self.expression(depth)
            ),
            1 => format!(
                "{}UPDATE {}{target} SET {} = {} WHERE {}{returning}",
                self.with(),
                self.pick(&["", "OR IGNORE ", "OR REPLACE "]),
                self.pick(&["stock", "quantite", "texte", "auteur", "achat", "salary"]),
                self.expression(depth),
                self.expression(depth)
            ),
            2 => format!(
                "{}UPDATE {target} SET {} = {} FROM {} WHERE {}{returning}",
                self.with(),
                self.pick(&["stock", "quantite", "texte", "auteur"]),
                self.expression(depth),
                self.source(depth),
                self.expression(depth)
            ),
            _ => format!(
                "{}INSERT {}INTO {target}{} {}{}{returning}",
                self.with(),
                self.pick(&["", "OR IGNORE ", "OR REPLACE "]),
                self.pick(&[
                    "",
                    "(texte)",
                    "(quantite)",
                    "(produit_id, quantite)",
                    "(numero, quantite)",
                    "(note)",
                    "(auteur)"
                ]),
                if self.one_in(2) {
                    format!("VALUES ({})", self.expression(depth))
                } else {
                    self.select(depth)
                },
                self.pick(&[
                    "",
                    "",
                    " ON CONFLICT DO NOTHING",
                    " ON CONFLICT(numero) DO UPDATE SET quantite = excluded.quantite + 1"
                ]),
            ),
        }
    }
}

fn shown(answer: &Result<Ran>) -> String {
    match answer {
        Ok(ran) => format!(
            "{:?} {} {} {:?} {}",
            ran.columns,
            String::from_utf8_lossy(&ran.rows),
            ran.rows_affected,
            ran.last_insert_id,
            ran.truncated
        ),
        Err(error) => format!("{} {} {:?}", error.code.as_str(), error.message, error.extra),
    }
}

/// What `vendeur` may see, of the writer's uncommitted state.
const VISIBLE: [&str; 3] = [
    "SELECT id, nom, prix, stock FROM produits",
    "SELECT id, produit_id, quantite, numero FROM ventes",
    "SELECT rowid, texte, auteur FROM notes",
];

#[test]
fn what_a_role_may_not_read_makes_no_difference_to_what_it_sees() {
    let _turn = crate::support::beside_others();
    let count = std::env::var("COMPTOIR_GENERATED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(STATEMENTS);
    let seed = std::env::var("COMPTOIR_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(7);
    let mut generator = Generator(StdRng::seed_from_u64(seed), false);
    let role = vendeur();
    let mut shops = [Shop::open(0), Shop::open(1)];
    let (mut answered, mut written) = (0, 0);
    for number in 0..count {
        if number % 3 > 0 {
            let sql = format!("{}{}", generator.with(), {
                let depth = generator.0.random_range(0..3);
                generator.select(depth)
            });
            // On a reader, and on the writer as in a batch.
            for on_writer in [false, true] {
                let [one, other] = shops.each_mut().map(|shop| {
                    if on_writer {
                        shop.write(&role, &sql)
                    } else {
                        shop.read(&role, &sql)
                    }
                });
                // `bilan` counts the staff with the pack's rights: what it tells is granted.
                if sql.contains("bilan") && one.is_ok() {
                    continue;
                }
                answered += usize::from(one.is_ok());
                assert_eq!(shown(&one), shown(&other), "{sql}");
            }
        } else {
            let sql = generator.write();
            if sql.contains("bilan") {
                continue;
            }
            let [one, other] = shops.each_mut().map(|shop| {
                shop.writer.execute_batch("SAVEPOINT whole").unwrap();
                let mut seen = String::new();
                let answer = shop.write(&role, &sql);
                seen += &shown(&answer);
                for visible in VISIBLE {
                    seen += &shown(&shop.write(&role, visible));
                }
                if !shop.writer.is_autocommit() {
                    shop.writer
                        .execute_batch("ROLLBACK TO whole; RELEASE whole")
                        .unwrap();
                }
                (seen, answer.is_ok())
            });
            written += usize::from(one.1);
            assert_eq!(one.0, other.0, "{sql}");
        }
    }
    // A generator of nothing but refusals would prove nothing.
    assert!(answered * 20 > count, "{answered} of {count} reads were answered");
    assert!(written * 60 > count, "{written} of {count} writes were done");
}
