/** What a batch in OpenAI's shape says beside its lines, kept with its row as it was sent. */
export const endpoints = ["/v1/chat/completions", "/v1/responses"] as const;
export type Endpoint = (typeof endpoints)[number];

export interface OpenAiFacts {
  endpoint: Endpoint;
  input_file_id: string;
  completion_window: string;
  metadata: Record<string, string> | null;
  /** When what is not done ends as expired, in milliseconds since 1970 UTC. */
  expires_at: number;
}

/** Facts of a stored row; null for a batch of another shape. */
export const factsOf = ({ openai }: { openai: string | null }): OpenAiFacts | null =>
  openai === null ? null : (JSON.parse(openai) as OpenAiFacts);
