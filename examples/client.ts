import { fleetClient } from "flotilla/client";

const { FLEET_URL: url = "http://127.0.0.1:8787", FLEET_API_KEY: key = "dev-key" } = process.env;
const fleet = fleetClient({ url, key });

const batch = await fleet("POST /v1/batches", {
  body: {
    defaults: { prompt: "Say the word." },
    tasks: [
      { custom_id: "a", rehearsal: [{ text: "alpha" }] },
      { custom_id: "b", rehearsal: [{ text: "beta" }] },
    ],
  },
  idempotencyKey: "words-1",
});
if (!batch.ok) {
  // The code is one of those under "Errors", or "unreachable", "aborted", "not_a_fleet".
  const { code, message, details } = batch.error;
  for (const fault of details) console.error(`${fault.path}: ${fault.message}`);
  throw new Error(`${code}: ${message}`);
}
if ("dry_run" in batch.value) throw new Error("this call is not a dry run");

const { id } = batch.value;
for (;;) {
  const now = await fleet("GET /v1/batches/:id", { id, signal: AbortSignal.timeout(10_000) });
  if (now.ok && now.value.status === "finished") break;
  await new Promise((resolve) => setTimeout(resolve, 500));
}
const results = await fleet("GET /v1/batches/:id/results", { id });
if (results.ok) {
  for await (const { custom_id, status, output } of results.value) {
    console.log(custom_id, status, JSON.stringify(output));
  }
}
