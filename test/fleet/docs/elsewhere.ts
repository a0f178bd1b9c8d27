/** What the examples' test does not hold: commands that need what no test has, and ends that a page announces. */

/** Examples that are not run here, each with the reason. `*` matches the rest of the words. */
export const elsewhere: readonly [command: string, reason: string][] = [
  ["npm install", "the machine has done it, or this test would not run"],
  ["npm run demo", ".ci/run runs it after the tests"],
  ["npm run deploy", "makes resources on an account"],
  ["npm run deploy -- --environment staging", "makes resources on an account"],
  ["npm run deploy -- --microvm", "makes resources on an account"],
  ["npm run deploy -- --no-microvm", "changes resources on an account"],
  ["npm run deploy -- --metrics", "makes resources on an account"],
  ["npm run deploy -- --location *", "makes resources on an account"],
  ["npm run deploy -- --new-key", "changes a secret on an account"],
  ["npx wrangler login", "asks a person to sign in to an account"],
  ["npx wrangler delete *", "deletes from an account"],
  ["npx wrangler queues *", "asks an account"],
  ["npx wrangler d1 delete *", "deletes from an account"],
  ["npx wrangler r2 bucket delete *", "deletes from an account"],
  ["npx wrangler d1 execute DB --remote *", "asks a deployed fleet"],
  ["ollama *", "a model server, which the test replaces"],
  ["npx fleet webhooks redeliver *", "needs a webhook that was given up, after 31 hours"],
];

/** Exit codes other than 0 that a page documents, with the page's text about them. */
export const announced: readonly {
  command: string;
  code: number;
  page: string;
  words: string;
}[] = [
  {
    ...{ command: "npx fleet model check *", code: 1, page: "docs/models.md" },
    words: "It exits 0 when every test passed, else 1.",
  },
  {
    ...{ command: "npx fleet replay *", code: 1, page: "docs/models.md" },
    words: "It exits 0 where everything is the same, 1 where something differs",
  },
];
