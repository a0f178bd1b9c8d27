/** What an evaluation found: each variant, each pair of variants, and how far they agree. Pure. */
import { evalLimits } from "../../shared/limits.ts";
import type { EvalSpec } from "./eval_spec.ts";
import {
  type Calibration,
  correctedAccuracy,
  entropyBits,
  fleissKappa,
} from "./statistics/agreement.ts";
import { comparePaired, holmAdjusted, type PairedTest, rowsNeeded } from "./statistics/paired.ts";
import type { VariantSummary, VariantTally } from "./variant_summary.ts";

export interface VariantReport extends VariantSummary {
  name: string;
  batch_id: string;
  /** The accuracy that an imperfect judge's verdicts mean; null unless one calibrated judge is the only grader. */
  corrected_accuracy: number | null;
}

export interface Comparison extends PairedTest {
  a: string;
  b: string;
  /** After Holm's correction for all comparisons of the report. */
  p_adjusted: number;
  /** The better variant; null while the rows do not suffice to say. */
  better: string | null;
  rows_needed: number | null;
}

export interface NonInferiority {
  variant: string;
  reference: string;
  margin: number;
  /** The lower end of the 95 % interval of the variant's accuracy minus the reference's. */
  lower: number;
  shown: boolean;
}

export interface JudgeReport {
  grader: number;
  model: string;
  calibration: Calibration | null;
  /** `verdicts` until enough labelled rows show how often the judge errs. */
  reported_as: "accuracy" | "verdicts";
}

export interface EvalReport {
  /** False without graders: then only the agreement says something. */
  graded: boolean;
  variants: VariantReport[];
  comparisons: Comparison[];
  non_inferiority: NonInferiority[];
  agreement: {
    pairs: { a: string; b: string; share: number }[];
    kappa: number | null;
    /** Rows on which the variants differ most: label these next. */
    label_next: number[];
  };
  judges: JudgeReport[];
}

/** A graded variant. */
export interface GradedVariant {
  name: string;
  batch_id: string;
  tally: VariantTally;
}

export function buildReport(
  spec: EvalSpec,
  variants: readonly GradedVariant[],
  judges: readonly JudgeReport[],
): EvalReport {
  const graded = (spec.graders ?? []).length > 0;
  const [judge] = judges;
  const only =
    spec.graders?.length === 1 && judge?.reported_as === "accuracy" ? judge.calibration : null;
  return {
    graded,
    variants: variants.map(({ name, batch_id, tally }) => {
      const { summary } = tally;
      const corrected = only === null ? null : correctedAccuracy(summary.accuracy, only);
      return { name, batch_id, ...summary, corrected_accuracy: corrected };
    }),
    comparisons: graded ? compareShares(pairsOf(variants.map(sharesOf))) : [],
    non_inferiority:
      graded && spec.margin !== undefined ? compareToFirst(variants, spec.margin) : [],
    agreement: agreementOf(variants),
    judges: [...judges],
  };
}

const pairsOf = <T>(all: readonly T[]): [T, T][] =>
  all.flatMap((a, at) => all.slice(at + 1).map((b): [T, T] => [a, b]));

/** Only rows that both have are compared. */
function pairedShares(
  a: ReadonlyMap<number, number>,
  b: ReadonlyMap<number, number>,
): [number[], number[]] {
  const rows = [...a.keys()].filter((row) => b.has(row));
  return [rows.map((row) => a.get(row) ?? 0), rows.map((row) => b.get(row) ?? 0)];
}

interface NamedShares {
  name: string;
  shares: ReadonlyMap<number, number>;
}

const sharesOf = ({ name, tally }: GradedVariant): NamedShares => ({ name, shares: tally.shares });

/** The pairs, corrected for their number. */
export function compareShares(pairs: readonly [NamedShares, NamedShares][]): Comparison[] {
  const tests = pairs.map(([a, b]) => comparePaired(...pairedShares(a.shares, b.shares)));
  const adjusted = holmAdjusted(tests.map(({ p }) => p));
  return tests.map((test, at) => {
    const [a, b] = (pairs[at] ?? []).map(({ name }) => name);
    const p = adjusted[at] ?? 1;
    const isUndecided = p >= significance || test.difference === 0;
    const better = isUndecided ? null : ((test.difference > 0 ? a : b) ?? null);
    return {
      a: a ?? "",
      b: b ?? "",
      ...test,
      p_adjusted: p,
      better,
      rows_needed: rowsNeeded(test),
    };
  });
}

/** The chance of a false finding that is accepted. */
const significance = 0.05;

function compareToFirst(variants: readonly GradedVariant[], margin: number): NonInferiority[] {
  const [reference, ...others] = variants;
  if (reference === undefined) return [];
  return others.map(({ name, tally }) => {
    const { interval } = comparePaired(...pairedShares(tally.shares, reference.tally.shares));
    const lower = interval.low;
    return { variant: name, reference: reference.name, margin, lower, shown: lower > -margin };
  });
}

function agreementOf(variants: readonly GradedVariant[]): EvalReport["agreement"] {
  const [first] = variants;
  const rows = [...(first?.tally.answers.keys() ?? [])].filter((row) =>
    variants.every(({ tally }) => tally.answers.has(row)),
  );
  const answers = rows.map((row) => variants.map(({ tally }) => tally.answers.get(row) ?? ""));
  const doubts = rows
    .map((row, at) => ({ row, bits: entropyBits(answers[at] ?? []) }))
    .filter(({ bits }) => bits > 0)
    .sort((a, b) => b.bits - a.bits || a.row - b.row);
  return {
    pairs: pairsOf(variants.map((_, at) => at)).map(([a, b]) => ({
      a: variants[a]?.name ?? "",
      b: variants[b]?.name ?? "",
      share:
        rows.length === 0 ? 0 : answers.filter((row) => row[a] === row[b]).length / rows.length,
    })),
    kappa: fleissKappa(answers),
    label_next: doubts.slice(0, evalLimits.rowsToLabel).map(({ row }) => row),
  };
}
