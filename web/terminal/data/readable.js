/** Tables of which the role reads something, with the columns that it reads. */
export function readableTables(schema) {
  return schema.tables
    .map((table) => ({ ...table, columns: table.columns.filter((column) => column.select) }))
    .filter((table) => table.columns.length > 0);
}
