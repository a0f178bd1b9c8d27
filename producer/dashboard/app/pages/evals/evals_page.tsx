/** The evaluations of the tenant, newest first. */
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../../data/api.ts";
import { usePolled } from "../../data/use_polled.ts";
import { EmptyState, Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { RelativeTime } from "../../parts/inline.tsx";
import { PageHeader, Pager, Panel } from "../../parts/layout.tsx";
import { Table } from "../../parts/table.tsx";
import { visibleLine } from "../../text/visible.ts";

const eachMs = 10_000;

export function EvalsPage() {
  const { cursor = null } = useLocation().query;
  const polled = usePolled("GET /v1/evals", { query: queryOf({ cursor, limit: 20 }) }, { eachMs });
  const next = polled.value?.next_cursor ?? null;
  return (
    <>
      <PageHeader title="Evaluations" />
      <StaleNotice polled={polled} />
      <Panel flush>
        <Loaded polled={polled} lines={5}>
          {({ evals }) =>
            evals.length === 0 ? (
              <EmptyState title="No evaluations">
                <p>
                  <code>npx fleet eval gold.csv --prompt … --expect label</code> compares prompts
                  and models on labelled rows.
                </p>
              </EmptyState>
            ) : (
              <Table
                label="Evaluations"
                columns={[
                  ["Evaluation", "wide"],
                  "Status",
                  ["Rows", "number"],
                  "Variants",
                  "Created",
                ]}
              >
                {evals.map(({ id, name, status, rows, variants, created_at }) => (
                  <tr key={id}>
                    <td>
                      <a href={`/evals/${id}`}>{visibleLine(name ?? id, 60)}</a>
                    </td>
                    <td>{visibleLine(status, 40)}</td>
                    <td class="number">{rows}</td>
                    <td>{visibleLine(variants.map((variant) => variant.name).join(", "), 120)}</td>
                    <td>
                      <RelativeTime iso={created_at} />
                    </td>
                  </tr>
                ))}
              </Table>
            )
          }
        </Loaded>
      </Panel>
      <Pager
        first={cursor === null ? null : "/evals"}
        next={next === null ? null : pagePath("/evals", { cursor: next })}
      />
    </>
  );
}
