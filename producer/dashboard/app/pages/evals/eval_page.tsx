/** One evaluation: its variants, what the rows suffice to say, and the rows on which the variants differ. */
import { useRoute } from "preact-iso";
import type { Evaluation } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { Facts, PageHeader, Panel } from "../../parts/layout.tsx";
import { visibleLine } from "../../text/visible.ts";
import { DifferingRows } from "./differing_rows.tsx";
import { ComparisonList, JudgeList, VariantTable } from "./report_parts.tsx";

const eachMs = 3_000;
const isDone = ({ status }: Evaluation) => status === "finished" || status === "failed";

export function EvalPage() {
  const { id = "" } = useRoute().params;
  const polled = usePolled("GET /v1/evals/:id", { id }, { eachMs, done: isDone });
  const title = visibleLine(polled.value?.name ?? id, 80);
  return (
    <>
      <PageHeader title={title} parents={<a href="/evals">Evaluations</a>} />
      <StaleNotice polled={polled} />
      <Loaded polled={polled} lines={6}>
        {(evaluation) => <EvalContent evaluation={evaluation} />}
      </Loaded>
    </>
  );
}

function EvalContent({ evaluation }: { evaluation: Evaluation }) {
  const { id, status, rows, samples, report, error, variants } = evaluation;
  return (
    <>
      <Panel title="Evaluation">
        <Facts
          facts={[
            ["Status", visibleLine(status, 40)],
            ["Rows", rows],
            ["Tries of each row", samples > 1 ? samples : null],
            ["Failed because", error === null ? null : visibleLine(error.message, 300)],
          ]}
        />
        <p class="note">
          {variants.map(({ name, batch_id: batch }) => (
            <span key={name}>
              {batch === null ? (
                visibleLine(name, 80)
              ) : (
                <a href={`/batches/${batch}`}>{visibleLine(name, 80)}</a>
              )}{" "}
            </span>
          ))}
        </p>
      </Panel>
      {report !== null && (
        <>
          {report.graded && <VariantTable report={report} samples={samples} />}
          <JudgeList judges={report.judges} />
          <ComparisonList report={report} />
          {variants.length > 1 && <DifferingRows id={id} />}
        </>
      )}
    </>
  );
}
