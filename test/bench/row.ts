/** One line of the bench: what was measured, and the bound that it must hold. */
export interface Row {
  what: string;
  measured: number;
  bound: string;
  holds: boolean;
}

export const atLeast = (what: string, measured: number, floor: number): Row => ({
  what,
  measured: Number(measured.toFixed(2)),
  bound: `>= ${floor.toFixed(2)}`,
  holds: measured >= floor,
});

export const atMost = (what: string, measured: number, ceiling: number): Row => ({
  what,
  measured: Number(measured.toFixed(2)),
  bound: `<= ${ceiling}`,
  holds: measured <= ceiling,
});

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
