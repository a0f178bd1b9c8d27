/** The tables and sentences of an evaluation's report. */
import type { EvalReport } from "../../data/responses.ts";
import { Panel } from "../../parts/layout.tsx";
import { Table } from "../../parts/table.tsx";
import { compact, dollars, duration } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const points = (share: number): string => `${share > 0 ? "+" : ""}${(share * 100).toFixed(1)}`;
const time = (ms: number | null): string => (ms === null ? "" : duration(ms));

export function VariantTable({ report, samples }: { report: EvalReport; samples: number }) {
  const columns = [
    ["Variant", "wide"],
    ["Accuracy", "number"],
    ["95 % interval", "number"],
    ...(samples > 1 ? [[`pass^${samples}`, "number"] as const] : []),
    ["Invalid", "number"],
    ["Cost", "number"],
    ["Tokens", "number"],
    ["p50", "number"],
    ["p95", "number"],
  ] as const;
  return (
    <Panel title="Variants" flush>
      <Table label="Variants" columns={columns} plain>
        {report.variants.map((variant) => (
          <tr key={variant.name}>
            <td>{visibleLine(variant.name, 80)}</td>
            <td class="number">{percent(variant.accuracy)}</td>
            <td class="number">
              {percent(variant.interval.low)} to {percent(variant.interval.high)}
            </td>
            {samples > 1 && <td class="number">{percent(variant.pass_powers.at(-1) ?? 0)}</td>}
            <td class="number">{percent(variant.invalid)}</td>
            <td class="number">{dollars(variant.cost_usd)}</td>
            <td class="number">{compact(variant.tokens)}</td>
            <td class="number">{time(variant.latency_ms.p50)}</td>
            <td class="number">{time(variant.latency_ms.p95)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

export function ComparisonList({ report }: { report: EvalReport }) {
  const { comparisons, non_inferiority: margins, agreement } = report;
  if (agreement.pairs.length === 0) return null;
  return (
    <Panel title="What the rows say">
      <ul>
        {comparisons.map((each) => (
          <li key={`${each.a} ${each.b}`}>{comparisonText(each)}</li>
        ))}
        {margins.map(({ variant, reference, shown, margin }) => (
          <li key={variant}>
            {visibleLine(variant, 80)} is {shown ? "" : "not "}shown to be no worse than{" "}
            {visibleLine(reference, 80)}, within {points(margin)} points
          </li>
        ))}
        {agreement.pairs.map(({ a, b, share }) => (
          <li key={`${a} ${b}`}>
            {visibleLine(a, 80)} and {visibleLine(b, 80)} agree on {percent(share)} of the rows
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function comparisonText(each: EvalReport["comparisons"][number]): string {
  const { a, b, better, difference, interval, p_adjusted: p, rows_needed: rows } = each;
  const facts = `${points(difference)} points, 95 % ${points(interval.low)} to ${points(interval.high)}, p ${p.toPrecision(2)}`;
  if (better !== null) {
    const other = better === a ? b : a;
    return `${visibleLine(better, 80)} is better than ${visibleLine(other, 80)} (${facts})`;
  }
  const more = rows === null ? "" : `; about ${rows} rows would show such a difference`;
  return `${visibleLine(a, 80)} and ${visibleLine(b, 80)}: the rows do not suffice to say which is better (${facts})${more}`;
}

export function JudgeList({ judges }: { judges: EvalReport["judges"] }) {
  if (judges.length === 0) return null;
  return (
    <Panel title="Judges">
      <ul>
        {judges.map(({ grader, model, calibration }) => (
          <li key={grader}>
            {visibleLine(model, 80)}:{" "}
            {calibration === null
              ? "not calibrated, so its verdicts are an opinion and not accuracy"
              : `agrees with people on ${percent(calibration.agreement)} of ${calibration.rows} labelled rows`}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
