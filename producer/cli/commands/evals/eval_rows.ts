/** The rows of an evaluation on which its variants differ, side by side, and all rows as CSV. */
import type { EvalRowLine } from "../../../api/evals/responses.ts";
import { csvLine } from "../../csv/results_csv.ts";
import { unwrap } from "../../exit.ts";
import { type TableStyle, table } from "../../output/table.ts";
import type { Session } from "../../session.ts";

export async function fetchRows(
  session: Session,
  id: string,
  differs: boolean,
): Promise<EvalRowLine[]> {
  const query = differs ? { differs } : {};
  const lines = unwrap(await session.client()("GET /v1/evals/:id/rows", { id, query }));
  const rows: EvalRowLine[] = [];
  for await (const line of lines) rows.push(line);
  return rows;
}

type Tries = EvalRowLine["variants"][number]["tries"];

const answerText = (tries: Tries): string =>
  tries
    .map(
      ({ pass, output, reason }) =>
        `${markOf(pass)} ${output === null ? reason : JSON.stringify(output)}`,
    )
    .join(" | ");

const markOf = (pass: boolean | null): string => (pass === null ? "?" : pass ? "✓" : "✗");

export function differenceTable(rows: readonly EvalRowLine[], style: TableStyle): string {
  const names = [...new Set(rows.flatMap(({ variants }) => variants.map(({ name }) => name)))];
  return table(
    ["row", "input", ...names],
    rows.map(({ row, item, variants }) => [
      String(row + 1),
      JSON.stringify(item),
      ...names.map((name) => answerText(variants.find((each) => each.name === name)?.tries ?? [])),
    ]),
    style,
  );
}

/** One line for each row: its fields, then the answer and the verdict of every variant. */
export function rowsCsv(rows: readonly EvalRowLine[]): string {
  const fields = [...new Set(rows.flatMap(({ item }) => Object.keys(item)))];
  const names = rows[0]?.variants.map(({ name }) => name) ?? [];
  const head = ["row", ...fields, ...names.flatMap((name) => [`${name} output`, `${name} pass`])];
  const lines = rows.map(({ row, item, variants }) => [
    row + 1,
    ...fields.map((field) => (item as Record<string, unknown>)[field] ?? null),
    ...variants.flatMap(({ tries }) => [
      tries.length === 1 ? (tries[0]?.output ?? null) : tries.map(({ output }) => output),
      tries.length === 1 ? (tries[0]?.pass ?? null) : tries.map(({ pass }) => pass),
    ]),
  ]);
  return [head, ...lines].map(csvLine).join("");
}
