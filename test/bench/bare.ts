/** The bare consumer that the fleet is compared with: two updates and one object per message. */
interface Env {
  DB: D1Database;
  OBJECTS: R2Bucket;
  QUEUE: Queue<{ id: string; run: string }>;
}

const now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

export default {
  /** `POST /?n=200` starts a run and returns its name; `GET /?run=…` returns its progress. */
  async fetch(request, env): Promise<Response> {
    const url = new URL(request.url);
    if (request.method === "POST")
      return Response.json(await start(env, Number(url.searchParams.get("n"))));
    const row = await env.DB.prepare(
      "SELECT COUNT(finished_at) AS done, MAX(finished_at) - MIN(started_at) AS ms FROM rows WHERE run = ?1",
    )
      .bind(url.searchParams.get("run"))
      .first();
    return Response.json(row);
  },

  async queue(batch, env): Promise<void> {
    await Promise.all(
      batch.messages.map(async (message) => {
        const { id } = message.body;
        await env.DB.prepare(`UPDATE rows SET started_at = ${now} WHERE id = ?1`).bind(id).run();
        await env.OBJECTS.put(`results/${id}`, JSON.stringify({ id, output: { text: "done" } }));
        await env.DB.prepare(`UPDATE rows SET finished_at = ${now} WHERE id = ?1`).bind(id).run();
        message.ack();
      }),
    );
  },
} satisfies ExportedHandler<Env, { id: string; run: string }>;

async function start(env: Env, n: number): Promise<{ run: string }> {
  await env.DB.prepare(
    "CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, run TEXT, started_at INTEGER, finished_at INTEGER) WITHOUT ROWID",
  ).run();
  const run = crypto.randomUUID();
  const ids = Array.from({ length: n }, (_, k) => `${run}-${String(k).padStart(6, "0")}`);
  await env.DB.prepare("INSERT INTO rows (id, run) SELECT value, ?2 FROM json_each(?1)")
    .bind(JSON.stringify(ids), run)
    .run();
  for (let k = 0; k < n; k += 100) {
    await env.QUEUE.sendBatch(ids.slice(k, k + 100).map((id) => ({ body: { id, run } })));
  }
  return { run };
}
