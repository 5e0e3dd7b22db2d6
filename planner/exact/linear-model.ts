/** A mixed-integer linear program while it is put together, row by row; what the solver takes at the end. */
export interface LinearModel {
  /** A new column; returns its number. */
  column(lower: number, upper: number, cost: number, whole?: boolean): number;
  /** A new row: lower <= sum of coefficient * column <= upper. A column below 0 stands for none. */
  row(lower: number, upper: number, entries: readonly (readonly [column: number, coefficient: number])[]): void;
  columns: { lower: number[]; upper: number[]; cost: number[]; whole: boolean[] };
  rows: { lower: number[]; upper: number[]; starts: number[]; indices: number[]; values: number[] };
}

export function linearModel(): LinearModel {
  const columns: LinearModel["columns"] = { lower: [], upper: [], cost: [], whole: [] };
  const rows: LinearModel["rows"] = { lower: [], upper: [], starts: [0], indices: [], values: [] };
  return {
    columns,
    rows,
    column(lower, upper, cost, whole = false) {
      columns.lower.push(lower);
      columns.upper.push(upper);
      columns.cost.push(cost);
      columns.whole.push(whole);
      return columns.lower.length - 1;
    },
    row(lower, upper, entries) {
      rows.lower.push(lower);
      rows.upper.push(upper);
      for (const [column, coefficient] of entries) {
        if (column < 0 || coefficient === 0) continue;
        rows.indices.push(column);
        rows.values.push(coefficient);
      }
      rows.starts.push(rows.indices.length);
    },
  };
}
