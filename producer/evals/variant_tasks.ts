/** The tasks of a variant: one for each try of each row. */
import { ok } from "../../shared/result.ts";
import type { Entry } from "../batches/batch_input.ts";
import { fillEntries } from "../batches/items.ts";
import { type EvalSpec, type EvalVariant, templateOf, tryAt } from "./eval_spec.ts";

/** Yields every row `samples` times. `line` counts the rows from 1. */
export async function* rowItems(spec: EvalSpec, samples: number) {
  for (const [at, row] of spec.rows.entries()) {
    for (let sample = 0; sample < samples; sample++)
      yield { line: at + 1, value: ok(row as unknown) };
  }
}

export async function* variantEntries(
  spec: EvalSpec,
  variant: EvalVariant,
  time: string,
): AsyncGenerator<Entry> {
  const { samples = 1 } = spec;
  let index = 0;
  for await (const entry of fillEntries(rowItems(spec, samples), templateOf(spec, variant), {
    time,
  })) {
    const { row, sample } = tryAt(index++, samples);
    const custom_id = samples === 1 ? String(row) : `${row}-${sample}`;
    yield entry.body.ok
      ? { line: null, body: ok({ custom_id, ...(entry.body.value as object) }) }
      : { ...entry, line: null };
  }
}
