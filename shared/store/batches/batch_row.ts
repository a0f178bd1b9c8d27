/** A row of `batches`, as D1 returns it. JSON columns are text; times are milliseconds. */
export interface BatchRow {
  id: string;
  tenant: string;
  idempotency_key: string | null;
  body_hash: string | null;
  status: "running" | "cancelling" | "finished";
  total: number;
  expanded: number;
  cursor_byte: number;
  input_key: string;
  /** Fields for lines that do not set them; JSON text. */
  defaults: string;
  labels: string;
  limits: string;
  created_at: number;
  cancel_requested_at: number | null;
  finished_at: number | null;
  sweep_at: number | null;
  /** How often the sweep has tried since the cursor last moved. */
  tries: number;
  /** The schedule and the tick that created it; null for a submitted batch. */
  schedule_id: string | null;
  tick_at: number | null;
  /** When the sweep checks whether it is finished; null once it is finished and its results are in R2. */
  close_at: number | null;
  /** JSON of {url, secret}: where its end is reported. */
  webhook: string | null;
  /** The batch that it follows, and which task statuses of that batch it uses; JSON list. */
  after_batch: string | null;
  after_status: string | null;
  /** JSON: builds its tasks from those results; null when it has its own lines. */
  template: string | null;
  /** 1 until the batch that it follows is finished. */
  waits: number;
  /** The scopes of the key that sent it; JSON list, kept while it waits. */
  scopes: string | null;
  /** JSON of {code, message, details}: why it has no tasks, or none yet. */
  problem: string | null;
  paused_at: number | null;
  /** The key of `api_keys` that sent it; null when no API key was used. */
  key_id: string | null;
  /** JSON of the fields of the OpenAI API; null for every other batch. */
  openai: string | null;
}
