/** Rows by table as a line says them: "sample 3, slot 4". */
export const countedRows = (rows: Record<string, number>): string =>
  Object.entries(rows)
    .map(([table, count]) => `${table} ${count}`)
    .join(", ");
