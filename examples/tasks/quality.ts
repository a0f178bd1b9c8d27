import { dataText } from "../data.ts";
import type { ExampleTask } from "../example.ts";
import { answer } from "../turns.ts";

const [ticket] = JSON.parse(dataText("tickets.json")) as [{ order_id: string }];
const labels = ["delivery", "refund", "damaged", "invoice", "account", "question"];
const order = ticket.order_id;

/** One ticket, whose answers are checked and vote. On a real model the same task needs only its name. */
export const qualityTasks: ExampleTask[] = [
  {
    custom_id: "ticket-votes",
    prompt: `Classify the ticket in the input as ${labels.join(", ")}, and name its order.`,
    input: ticket,
    labels: { team: "support" },
    output_schema: {
      type: "object",
      properties: { label: { type: "string", enum: labels }, order: { type: "string" } },
      required: ["label", "order"],
      additionalProperties: false,
    },
    checks: [
      {
        name: "order of the ticket",
        code: 'output.order === input.order_id || "The ticket is not about " + output.order + "."',
      },
    ],
    samples: { count: 3, agree_on: ["/label"] },
    rehearsal: [
      answer({ label: "refund", order: "O99999" }),
      answer({ label: "refund", order }),
      answer({ label: "delivery", order }),
      answer({ label: "refund", order }),
    ],
  },
];
