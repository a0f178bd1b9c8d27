/** The rows on which the variants differ, side by side. */
import { useEffect, useState } from "preact/hooks";
import { api, type CallError } from "../../data/api.ts";
import type { EvalRow } from "../../data/responses.ts";
import { EmptyState, ErrorBanner, Loading } from "../../parts/feedback.tsx";
import { Panel } from "../../parts/layout.tsx";
import { Table } from "../../parts/table.tsx";
import { visibleLine } from "../../text/visible.ts";

const rowsShown = 50;

type State = { rows: readonly EvalRow[]; hasMore: boolean } | { problem: CallError } | null;

export function DifferingRows({ id }: { id: string }) {
  const [state, setState] = useState<State>(null);
  useEffect(() => {
    void readRows(id).then(setState);
  }, [id]);
  return (
    <Panel title="Rows on which the variants differ" flush>
      {state === null ? (
        <Loading lines={4} />
      ) : "problem" in state ? (
        <ErrorBanner problem={state.problem} />
      ) : state.rows.length === 0 ? (
        <EmptyState title="The variants are right and wrong on the same rows" />
      ) : (
        <RowTable rows={state.rows} hasMore={state.hasMore} />
      )}
    </Panel>
  );
}

async function readRows(id: string): Promise<State> {
  const result = await api("GET /v1/evals/:id/rows", { id, query: { differs: true } });
  if (!result.ok) return { problem: result.error };
  const rows: EvalRow[] = [];
  for await (const row of result.value) {
    if (rows.length === rowsShown) return { rows, hasMore: true };
    rows.push(row);
  }
  return { rows, hasMore: false };
}

function RowTable({ rows, hasMore }: { rows: readonly EvalRow[]; hasMore: boolean }) {
  const names = rows[0]?.variants.map(({ name }) => name) ?? [];
  return (
    <>
      <Table
        label="Rows on which the variants differ"
        columns={[
          ["Row", "number"],
          ["Input", "wide"],
          ...names.map((name) => visibleLine(name, 60)),
        ]}
      >
        {rows.map(({ row, item, variants }) => (
          <tr key={row}>
            <td class="number">{row + 1}</td>
            <td>{visibleLine(JSON.stringify(item), 200)}</td>
            {variants.map(({ name, tries }) => (
              <td key={name}>
                {tries.map((each) => (
                  <a key={each.task_id} href={`/tasks/${each.task_id}`}>
                    {each.pass === true ? "right" : each.pass === null ? "not graded" : "wrong"}:{" "}
                    {visibleLine(JSON.stringify(each.output), 120)}{" "}
                  </a>
                ))}
              </td>
            ))}
          </tr>
        ))}
      </Table>
      {hasMore && (
        <p class="note">The first {rowsShown} rows. fleet evals show -o rows.csv writes all.</p>
      )}
    </>
  );
}
