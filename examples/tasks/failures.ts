import { dataText, programText } from "../data.ts";
import type { ExampleTask } from "../example.ts";
import { currencyTotals, refundRate, unitsOrdered } from "../ground_truth.ts";
import { afterSeeing, answer, call, completion, run, type Turn } from "../turns.ts";

const orders = { "orders.csv": { text: dataText("orders.csv") } };
const answerUnits = afterSeeing(
  `units: ${unitsOrdered}`,
  answer({ text: `${unitsOrdered} units` }),
);
const outage: Turn = { error: { status: 503, code: "upstream", message: "no healthy backend" } };

/** Failures of models and programs. */
export const failureTasks: ExampleTask[] = [
  {
    custom_id: "runaway-loop",
    prompt: "How many units were ordered in orders.csv?",
    files: orders,
    labels: { team: "sales" },
    rehearsal: [run("endless-loop"), afterSeeing("was stopped", run("ended-loop")), answerUnits],
  },
  {
    custom_id: "damaged-tool-call",
    prompt: "Which month had the highest share of refunds?",
    files: orders,
    rehearsal: [
      completion({
        content: "",
        tool_calls: [
          {
            id: "call_1",
            type: "function",
            function: {
              name: "functions.run_code",
              arguments: `${JSON.stringify({ code: programText("refund-rate") }).slice(0, -1)},}`,
            },
          },
        ],
      }),
      afterSeeing(
        JSON.stringify(refundRate),
        completion({
          content: "",
          tool_calls: [
            {
              id: "call_1",
              type: "function",
              function: {
                name: "final_answer",
                arguments: JSON.stringify(JSON.stringify({ text: `${refundRate.month}` })),
              },
            },
          ],
        }),
      ),
    ],
  },
  {
    custom_id: "leaked-tool-call",
    prompt: "Sum the delivered orders per currency.",
    files: orders,
    rehearsal: [
      completion(
        {
          content: `<think>I need the sums per currency.</think>I will compute it.\n<tool_call>run_code\n<arg_key>code</arg_key>\n<arg_value>${programText("currency-totals")}</arg_value>\n</tool_call>`,
        },
        "stop",
      ),
      afterSeeing(
        JSON.stringify(currencyTotals),
        answer({ text: `EUR ${currencyTotals.EUR}, USD ${currencyTotals.USD}` }),
      ),
    ],
  },
  {
    custom_id: "step-budget",
    prompt: "Read orders.csv from the first to the last line before you answer.",
    files: orders,
    limits: { steps: 6 },
    rehearsal: Array.from({ length: 12 }, (_, at) =>
      call("read_file", { path: "orders.csv", offset: at * 500, limit: 500 }),
    ),
  },
  {
    custom_id: "flaky-model",
    prompt: "How many units were ordered in orders.csv?",
    files: orders,
    rehearsal: [
      run("ended-loop"),
      { error: { status: 429, code: "3040", message: "Capacity exceeded", retry_after: 1 } },
      outage,
      answerUnits,
    ],
  },
  {
    custom_id: "model-outage",
    prompt: "How many units were ordered in orders.csv?",
    files: orders,
    attempts: 2,
    rehearsal: [outage, outage, outage, outage],
  },
];

/** The turns for the redrive of the dead task, when its model works again. */
export const turnsAfterOutage: Turn[] = [run("ended-loop"), answerUnits];
