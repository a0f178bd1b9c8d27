/** One line of the benchmark: a measured value and its limit. */
export interface Row {
  name: string;
  measured: number;
  bound: string;
  holds: boolean;
}

export const atLeast = (name: string, measured: number, floor: number): Row => ({
  name,
  measured: Number(measured.toFixed(2)),
  bound: `>= ${floor.toFixed(2)}`,
  holds: measured >= floor,
});

export const atMost = (name: string, measured: number, ceiling: number): Row => ({
  name,
  measured: Number(measured.toFixed(2)),
  bound: `<= ${ceiling}`,
  holds: measured <= ceiling,
});

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
