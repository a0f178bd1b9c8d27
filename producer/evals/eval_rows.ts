/** The graded rows of an evaluation, read from R2. */
import { objectKeys, openObject } from "../../shared/files/objects.ts";
import type { EvalRow } from "../../shared/store/evals/evals.ts";
import { readLines } from "../../shared/text/lines.ts";
import type { EvalRowLine } from "../api/evals/responses.ts";
import type { ProducerEnv } from "../env.ts";
import type { EvalSpec } from "./eval_spec.ts";
import type { GradedRow, GradedTry } from "./graded_try.ts";

/** The rows that one variant has, in order. */
export async function* gradedRows(
  env: ProducerEnv,
  row: EvalRow,
  variant: number,
): AsyncGenerator<GradedRow> {
  const object = await openObject(env.OBJECTS, objectKeys.evalGrades(row.tenant, row.id, variant));
  if (object === null) return;
  const decoder = new TextDecoder();
  for await (const line of readLines(object.body as ReadableStream<Uint8Array>)) {
    if (line.kind === "line") yield JSON.parse(decoder.decode(line.bytes)) as GradedRow;
  }
}

/** Every row with the tries of all variants: the objects are read together, a line at a time. */
export async function* evalRows(
  env: ProducerEnv,
  row: EvalRow,
  spec: EvalSpec,
): AsyncGenerator<EvalRowLine> {
  const names = JSON.parse(row.variants) as string[];
  const readers = names.map((_, at) => gradedRows(env, row, at));
  const next = await Promise.all(readers.map((reader) => reader.next()));
  for (const [at, item] of spec.rows.entries()) {
    const variants: EvalRowLine["variants"] = [];
    for (const [place, name] of names.entries()) {
      const found = next[place];
      if (found?.done !== false || found.value.row !== at) continue;
      variants.push({ name, tries: found.value.tries });
      next[place] = (await readers[place]?.next()) ?? { done: true, value: undefined };
    }
    if (variants.length === 0) continue;
    yield { row: at, item, differs: differ(variants.map(({ tries }) => tries)), variants };
  }
}

const differ = (variants: readonly (readonly Pick<GradedTry, "pass">[])[]): boolean =>
  new Set(variants.map((tries) => tries.filter(({ pass }) => pass === true).length)).size > 1;

/** By row: the share of right answers of a variant. */
export async function readShares(
  env: ProducerEnv,
  row: EvalRow,
  variant: number,
): Promise<Map<number, number>> {
  const shares = new Map<number, number>();
  for await (const { row: at, tries } of gradedRows(env, row, variant)) {
    const graded = tries.filter(({ pass }) => pass !== null);
    const right = graded.filter(({ pass }) => pass === true).length;
    if (graded.length > 0) shares.set(at, right / graded.length);
  }
  return shares;
}
