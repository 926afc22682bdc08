//! Statements that would hurt the hub: by time, by memory, by the size of their answer.

use comptoir::protocol::error::Code;

use crate::support::{Shop, code, resident, vendeur};

const S: Option<Code> = Some(Code::InvalidSql);

/// Each must end by itself, soon, with one of these codes or a truncated answer.
const BOMBS: &[&str] = &[
    "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
    "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c",
    "WITH RECURSIVE c(n) AS (VALUES (1) UNION SELECT n + 1 FROM c) SELECT count(*) FROM c",
    "WITH RECURSIVE c(n, s) AS (VALUES (1, randomblob(100000)) UNION ALL SELECT n + 1, randomblob(100000) FROM c) SELECT count(DISTINCT s) FROM c",
    "SELECT count(*) FROM produits a, produits b, produits c, produits d, produits e, produits f, produits g",
    "SELECT * FROM produits a, produits b, produits c, produits d",
    "SELECT a.id, b.id, c.id, d.id FROM produits a, produits b, produits c, produits d ORDER BY a.nom || b.nom || c.nom || d.nom",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "SELECT hex(zeroblob(1900000))",
    "SELECT hex(hex(hex(zeroblob(500000))))",
    "SELECT printf('%1000000000d', 1)",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT replace(hex(zeroblob(500000)), '0', 'xxxxxxxxxxxxxxxx')",
    "SELECT group_concat(hex(randomblob(1000000))) FROM produits a, produits b",
    "SELECT json_group_array(hex(randomblob(100000))) FROM produits a, produits b",
    "SELECT instr(zeroblob(1900000), zeroblob(900000) || x'01')",
    "SELECT instr(hex(zeroblob(900000)), hex(zeroblob(400000)) || '1')",
    "SELECT replace(hex(zeroblob(900000)), hex(zeroblob(400000)) || '1', '')",
    "SELECT trim(hex(zeroblob(900000)) , 'abcdefghij' || hex(zeroblob(900000)))",
    "SELECT length(trim(hex(zeroblob(900000)), replace(hex(zeroblob(400000)), '0', 'ab') || '0'))",
    "SELECT length(unhex(hex(zeroblob(400000)), hex(zeroblob(400000))))",
    "SELECT hex(zeroblob(900000)) LIKE '%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%1'",
    "SELECT hex(zeroblob(900000)) GLOB '*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*0*1'",
    "SELECT 'a' LIKE hex(zeroblob(100000))",
    "SELECT randomblob(900000), randomblob(900000), randomblob(900000), randomblob(900000), randomblob(900000), randomblob(900000)",
    "SELECT randomblob(900000) FROM produits a, produits b, produits c",
    "SELECT sum(length(randomblob(900000))) FROM produits a, produits b, produits c, produits d",
    "WITH a AS (SELECT 1 x), b AS (SELECT 1 x FROM a,a a2), c AS (SELECT 1 x FROM b,b b2), d AS (SELECT 1 x FROM c,c c2), e AS (SELECT 1 x FROM d,d d2), f AS (SELECT 1 x FROM e,e e2), g AS (SELECT 1 x FROM f,f f2), h AS (SELECT 1 x FROM g,g g2), i AS (SELECT 1 x FROM h,h h2), j AS (SELECT 1 x FROM i,i i2), k AS (SELECT 1 x FROM j,j j2), l AS (SELECT 1 x FROM k,k k2), m AS (SELECT 1 x FROM l,l l2), n AS (SELECT 1 x FROM m,m m2), o AS (SELECT 1 x FROM n,n n2), p AS (SELECT 1 x FROM o,o o2), q AS (SELECT 1 x FROM p,p p2), r AS (SELECT 1 x FROM q,q q2), s AS (SELECT 1 x FROM r,r r2), t AS (SELECT 1 x FROM s,s s2), u AS (SELECT 1 x FROM t,t t2) SELECT count(*) FROM u",
    "INSERT INTO notes(auteur) WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
    "INSERT INTO notes(texte) SELECT randomblob(900000) FROM produits a, produits b, produits c, produits d",
    "UPDATE notes SET texte = (SELECT count(*) FROM produits a, produits b, produits c, produits d, produits e, produits f, produits g)",
    "INSERT INTO notes(auteur) SELECT a.id FROM produits a, produits b, produits c RETURNING auteur",
    "DELETE FROM notes WHERE auteur = (WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c)",
];

#[test]
fn a_bomb_ends_by_itself_and_memory_stays_bounded() {
    let _turn = crate::support::alone();
    let mut shop = Shop::open(0);
    let role = vendeur();
    let before = shop.dump();
    assert!(shop.read(&role, "SELECT 1").is_ok());
    let idle = resident();
    for sql in BOMBS {
        let started = std::time::Instant::now();
        let answer = shop.query(&role, sql);
        let took = started.elapsed();
        let shown = &sql[..sql.len().min(90)];
        match &answer {
            Ok(ran) => assert!(
                ran.rows.len() <= crate::support::LIMITS.max_result_bytes + 2,
                "{shown}"
            ),
            Err(error) => assert!(
                matches!(
                    error.code,
                    Code::Timeout | Code::PayloadTooLarge | Code::InvalidSql
                ),
                "{shown}: {error}"
            ),
        }
        assert!(took.as_millis() < 3500, "{shown} took {took:?}");
        let grown = resident().saturating_sub(idle) >> 20;
        assert!(grown < 450, "{shown}: {grown} MiB more");
    }
    assert_eq!(before, shop.dump());
    let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(code(&shop.query(&role, &deep)), S);
    let long = format!("SELECT {}", vec!["1"; 5000].join(" + "));
    assert_eq!(code(&shop.query(&role, &long)), S);
    let many = vec!["SELECT 1"; 600].join(" UNION ALL ");
    assert_eq!(code(&shop.query(&role, &many)), S);
}
