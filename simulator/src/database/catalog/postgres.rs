//! Reading PostgreSQL's catalogs.

use super::{Catalog, Check, Column, Filled, Kind, values};
use crate::database::schema::postgres::{APPS, NAME};
use crate::database::{Connection, DatabaseError, Engine};

const ACTION: &str = "read the catalogs";

const FROM: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";

/// Tables that rows are inserted into: partitions get theirs through the table they are part of.
const TABLES: &str = "c.relkind IN ('r', 'p') AND NOT c.relispartition";

pub(super) async fn read(connection: &mut Connection) -> Result<Catalog, DatabaseError> {
    let mut catalog = Catalog::empty(Engine::Postgres);
    // A domain is what it is made of; its own checks show when a row is refused.
    let columns = format!(
        "SELECT {NAME}, a.attname, b.typname, b.typtype, b.typcategory, greatest(a.atttypmod, t.typtypmod), format_type(a.atttypid, a.atttypmod), \
         a.attnotnull OR t.typnotnull, CASE WHEN a.attgenerated <> '' THEN 'generated' WHEN a.attidentity <> '' THEN 'counter' \
         WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN 'counter' WHEN a.atthasdef OR t.typdefault IS NOT NULL THEN 'default' END, \
         (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid) \
         {FROM} JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid \
         JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid) \
         LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
         WHERE {TABLES} AND a.attnum > 0 AND NOT a.attisdropped AND {APPS} ORDER BY 1, a.attnum"
    );
    for row in connection.rows(ACTION, &columns).await? {
        let Some([table, name, base, class, category, modifier, data_type, not_null, filled, labels]) = values(row)
        else {
            continue;
        };
        let modifier = modifier.parse().ok().filter(|modifier| *modifier > 3);
        let kind = match (class.as_str(), category.as_str()) {
            ("e", _) => Kind::Enumeration(serde_json::from_str(&labels).unwrap_or_default()),
            (_, "A") => Kind::Array,
            (_, _) => kind(&base, modifier),
        };
        let filled = match filled.as_str() {
            "generated" => Filled::Generated,
            "counter" => Filled::Counter,
            "default" => Filled::Default,
            _ => Filled::Not,
        };
        let column = Column { name, kind, data_type, nullable: not_null != "t", filled };
        catalog.tables.entry(table).or_default().columns.push(column);
    }
    // An index over expressions depends on the columns in them; any other one names its columns itself.
    let unique = format!(
        "SELECT {NAME}, i.relname, a.attname, x.indisprimary::int {FROM} JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (CASE WHEN x.indexprs IS NULL THEN x.indkey::int2[] \
         ELSE (SELECT array_agg(p.refobjsubid::int2) FROM pg_depend p WHERE p.objid = x.indexrelid AND p.refobjid = c.oid AND p.refobjsubid > 0) END) \
         WHERE x.indisunique AND x.indisvalid AND {TABLES} AND {APPS} ORDER BY 1, 2, array_position(x.indkey::int2[], a.attnum)"
    );
    catalog.add_unique(connection.rows(ACTION, &unique).await?);
    let keys = format!(
        "SELECT {NAME}, k.conname, a.attname, (SELECT {} FROM pg_class rc JOIN pg_namespace rn ON rn.oid = rc.relnamespace WHERE rc.oid = k.confrelid), \
         f.attname {FROM} JOIN pg_constraint k ON k.conrelid = c.oid \
         CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u (own, other, place) \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.own JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = u.other \
         WHERE k.contype = 'f' AND k.conparentid = 0 AND {TABLES} AND {APPS} ORDER BY 1, 2, u.place",
        NAME.replace("n.", "rn.").replace("c.relname", "rc.relname")
    );
    catalog.add_foreign_keys(connection.rows(ACTION, &keys).await?);
    let checks = format!(
        "SELECT {NAME}, k.conname, pg_get_constraintdef(k.oid), \
         (SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)) \
         {FROM} JOIN pg_constraint k ON k.conrelid = c.oid WHERE k.contype = 'c' AND {TABLES} AND {APPS} ORDER BY 1, 2"
    );
    for [table, name, expression, columns] in connection.rows(ACTION, &checks).await?.into_iter().filter_map(values) {
        if let Some(table) = catalog.tables.get_mut(&table) {
            let columns = serde_json::from_str(&columns).unwrap_or_default();
            table.checks.push(Check { name, columns, expression });
        }
    }
    // Bits 1, 2 and 4 of a trigger's type: for each row, before, on insert.
    let triggers = format!(
        "SELECT {NAME}, t.tgname {FROM} JOIN pg_trigger t ON t.tgrelid = c.oid \
         WHERE NOT t.tgisinternal AND t.tgtype & 7 = 7 AND t.tgenabled <> 'D' AND {TABLES} AND {APPS} ORDER BY 1, 2"
    );
    catalog.add_triggers(connection.rows(ACTION, &triggers).await?);
    Ok(catalog)
}

/// The kind of a type by its name in `pg_type`; `modifier` carries a length or a precision, and four bytes more.
fn kind(name: &str, modifier: Option<u32>) -> Kind {
    match name {
        "bool" => Kind::Boolean,
        "int2" => Kind::Integer { most: i16::MAX.unsigned_abs().into() },
        "int4" => Kind::Integer { most: i32::MAX.unsigned_abs().into() },
        "int8" => Kind::Integer { most: i64::MAX.unsigned_abs() },
        "float4" | "float8" => Kind::Float,
        "numeric" => {
            let whole = modifier.map_or(9, |modifier| {
                let (precision, scale) = ((modifier - 4) >> 16, (modifier - 4) & 0x7ff);
                precision.saturating_sub(scale)
            });
            Kind::Decimal { whole }
        }
        "varchar" | "bpchar" => Kind::Text(modifier.map(|modifier| modifier - 4)),
        "text" | "citext" => Kind::Text(None),
        "name" => Kind::Text(Some(63)),
        "bytea" => Kind::Bytes(None),
        "date" => Kind::Date,
        "time" | "timetz" => Kind::Time,
        "timestamp" | "timestamptz" => Kind::Timestamp,
        "interval" => Kind::Interval,
        "uuid" => Kind::Uuid,
        "json" | "jsonb" => Kind::Json,
        "inet" | "cidr" => Kind::Address,
        _ => Kind::Other,
    }
}
