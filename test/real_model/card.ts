/** The card of a real model, and what in it has no explanation. */
export interface Scorecard {
  model: string;
  passed: number;
  total: number;
  tests: {
    test: string;
    passed: boolean;
    why: string | null;
    status: string;
    quirks: string[];
    model_calls: number;
    prompt_tokens: number;
    completion_tokens: number;
    seconds: number;
  }[];
}

export interface ExampleOutcome {
  custom_id: string | null;
  status: string;
  reason: string | null;
  error: { code: string; message: string } | null;
  quirks: string[];
  usage: { model_calls: number; prompt_tokens: number; completion_tokens: number };
}

interface Card {
  model: string;
  /** The day. */
  at: string;
  scorecard: Scorecard;
  examples: readonly ExampleOutcome[];
}

const cell = (text: string): string =>
  text.replaceAll("|", "\\|").replace(/\s+/g, " ").slice(0, 200);
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

export function cardText({ model, at, scorecard, examples }: Card): string {
  return [
    `# ${model}, ${at}`,
    "",
    `Written by \`npm run test:model\`. Scorecard: ${scorecard.passed} of ${scorecard.total} passed.`,
    "",
    "| test | passed | status | calls | tokens | took | quirks | why |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...scorecard.tests.map((test) =>
      row(
        test.test,
        test.passed ? "yes" : "no",
        test.status,
        String(test.model_calls),
        String(test.prompt_tokens + test.completion_tokens),
        `${test.seconds.toFixed(1)} s`,
        test.quirks.join(" "),
        test.why ?? "",
      ),
    ),
    "",
    "| example task | status | reason | calls | tokens | quirks | error |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...examples.map(({ custom_id: id, status, reason, error, quirks, usage }) =>
      row(
        id ?? "",
        status,
        reason ?? "",
        String(usage.model_calls),
        String(usage.prompt_tokens + usage.completion_tokens),
        quirks.join(" "),
        error?.message ?? "",
      ),
    ),
    "",
  ].join("\n");
}

const ended = ["succeeded", "failed", "dead", "cancelled", "expired"];

/** Tasks that did not end, or that ended without a reason and an explanation. */
export function listUnexplained(
  scorecard: Scorecard,
  examples: readonly ExampleOutcome[],
): string[] {
  const tests = scorecard.tests
    .filter(({ status, passed, why }) => !ended.includes(status) || (!passed && (why ?? "") === ""))
    .map(({ test, status }) => `The test ${test} is ${status} without an explanation.`);
  const tasks = examples
    .filter(({ status, reason, error }) => {
      if (!ended.includes(status) || reason === null) return true;
      return status !== "succeeded" && (error?.message ?? "") === "";
    })
    .map(({ custom_id: id, status }) => `The task ${id} is ${status} without an explanation.`);
  return [...tests, ...tasks];
}
