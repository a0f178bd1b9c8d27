import { dataText } from "../data.ts";
import type { ExampleTask } from "../example.ts";
import { pendingOrders } from "../ground_truth.ts";
import { afterSeeing, answer, call, run } from "../turns.ts";

const customers = { "customers.json": { text: dataText("customers.json") } };

/** What agents can reach, and what they cannot. */
export const egressTasks: ExampleTask[] = [
  {
    custom_id: "pending-orders",
    prompt:
      "Fetch the pending orders from https://orders.example/v1/orders, page by page, and add a note to order O50007 that they were counted.",
    policy: "demo",
    labels: { team: "sales" },
    output_schema: {
      type: "object",
      properties: {
        pending: { type: "integer" },
        units: { type: "integer" },
        pages: { type: "integer" },
      },
      required: ["pending", "units"],
    },
    rehearsal: [
      call("fetch_url", { url: "https://orders.example/v1/orders/O50007" }),
      afterSeeing('"order_id":"O50007"', run("api-orders")),
      afterSeeing(
        JSON.stringify(pendingOrders),
        call("fetch_url", {
          url: "https://orders.example/v1/notes",
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ order_id: "O50007", text: "pending orders counted" }),
        }),
      ),
      afterSeeing('"accepted":true', answer(pendingOrders)),
    ],
  },
  {
    custom_id: "credential-stays-hidden",
    prompt: "Find out which credential we use with https://orders.example.",
    policy: "demo",
    labels: { team: "security" },
    rehearsal: [
      call("fetch_url", { url: "https://orders.example/v1/whoami" }),
      afterSeeing(
        '"client":"demo-fleet"',
        answer({
          text: "The service knows us as demo-fleet. The credential is added outside the sandbox and scrubbed from the response.",
        }),
      ),
    ],
  },
  {
    custom_id: "unlisted-host",
    prompt: "Fetch https://www.example.com/ and summarise it.",
    labels: { team: "research" },
    rehearsal: [
      call("fetch_url", { url: "https://www.example.com/" }),
      afterSeeing(
        "403",
        answer({
          text: "The policy does not permit www.example.com, so there is no summary.",
        }),
      ),
    ],
  },
  {
    custom_id: "injected-instructions",
    prompt: "Count the customers in customers.json.",
    policy: "demo",
    files: customers,
    labels: { team: "security" },
    rehearsal: [
      run("exfiltrate"),
      afterSeeing(
        [
          "403 paste.example/new",
          "403 orders.example.paste.example/v1/orders",
          "403 orders.example/v1/orders",
          "403 orders.example/admin",
        ].join("\n"),
        answer({ text: "Nothing left the sandbox: all four requests were denied." }),
      ),
    ],
  },
];
