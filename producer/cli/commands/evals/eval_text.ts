/** An evaluation's report for people. */
import type { EvalResponse, ReportResponse } from "../../../api/evals/responses.ts";
import { count, countText, dollars, span } from "../../output/format.ts";
import { type TableStyle, table } from "../../output/table.ts";

type Variant = ReportResponse["variants"][number];
type Comparison = ReportResponse["comparisons"][number];

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const points = (share: number): string => `${share > 0 ? "+" : ""}${(share * 100).toFixed(1)}`;

export function reportText({ report, samples }: EvalResponse, style: TableStyle): string {
  if (report === null) return "";
  return [
    report.graded ? variantTable(report.variants, samples, style) : "",
    ...report.judges.map(judgeText),
    ...report.comparisons.map(comparisonText),
    ...report.non_inferiority.map(nonInferiorityText),
    ...(report.variants.length > 1 ? [agreementText(report)] : []),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function variantTable(variants: readonly Variant[], samples: number, style: TableStyle): string {
  const powers = samples > 1 ? [`pass^${samples}`] : [];
  return table(
    [
      "variant",
      "rows",
      "accuracy",
      "95 % interval",
      ...powers,
      "invalid",
      "cost",
      "tokens",
      "p50",
      "p95",
    ],
    variants.map((variant) => [
      variant.name,
      count(variant.rows),
      percent(variant.accuracy),
      `${percent(variant.interval.low)} to ${percent(variant.interval.high)}`,
      ...(samples > 1 ? [percent(variant.pass_powers.at(-1) ?? 0)] : []),
      percent(variant.invalid),
      dollars(variant.cost_usd),
      count(variant.tokens),
      timeText(variant.latency_ms.p50),
      timeText(variant.latency_ms.p95),
    ]),
    style,
  );
}

const timeText = (ms: number | null): string => (ms === null ? "" : span(ms));

export function comparisonText({
  a,
  b,
  better,
  difference,
  interval,
  p_adjusted,
  only_a,
  only_b,
  rows_needed,
}: Comparison): string {
  const facts = `${points(difference)} points, 95 % ${points(interval.low)} to ${points(interval.high)}, p ${p_adjusted.toPrecision(2)}, ${only_a} rows to ${only_b}`;
  if (better !== null) return `${better} is better than ${better === a ? b : a} (${facts})`;
  const more =
    rows_needed === null
      ? ""
      : `; about ${countText(rows_needed, "row")} would show such a difference`;
  return `${a} and ${b}: the rows do not suffice to say which is better (${facts})${more}`;
}

function nonInferiorityText({
  variant,
  reference,
  margin,
  lower,
  shown,
}: ReportResponse["non_inferiority"][number]): string {
  const facts = `lower end ${points(lower)} points, margin ${points(-margin)}`;
  return shown
    ? `${variant} is shown to be no worse than ${reference} (${facts})`
    : `${variant} is not shown to be no worse than ${reference} (${facts})`;
}

function judgeText({ model, calibration, reported_as }: ReportResponse["judges"][number]): string {
  if (calibration === null) {
    return `The accuracy is the judge's opinion: ${model} is not calibrated. Label some answers and pass --judge-labels.`;
  }
  const { rows, agreement, false_pass, false_fail } = calibration;
  const errors = `passes ${shareText(false_pass)} of wrong and rejects ${shareText(false_fail)} of right answers`;
  const few = reported_as === "verdicts" ? "; too few labelled rows to call it accuracy" : "";
  return `The judge ${model} agrees with people on ${percent(agreement)} of ${countText(rows, "labelled row")} and ${errors}${few}.`;
}

const shareText = (share: number | null): string =>
  share === null ? "an unknown share" : percent(share);

function agreementText({ agreement, graded }: ReportResponse): string {
  const pairs = agreement.pairs.map(
    ({ a, b, share }) => `${a} and ${b} agree on ${percent(share)}`,
  );
  const next = agreement.label_next.slice(0, 10).map((row) => row + 1);
  const label =
    graded || next.length === 0
      ? ""
      : `\nLabel these rows next, where they differ most: ${next.join(", ")}`;
  return `${pairs.join("; ")}${label}`;
}
