import type { Turn } from "./turns.ts";

/** A task of the example batch as it is submitted; docs/api.md has every field. */
export interface ExampleTask {
  custom_id: string;
  prompt: string;
  input?: unknown;
  files?: Record<string, { text: string }>;
  tools?: string[];
  policy?: string;
  sandbox?: "isolate" | "isolate-v8";
  output_schema?: Record<string, unknown>;
  limits?: Record<string, number>;
  checks?: { name: string; code: string }[];
  samples?: { count: number; agree_on: string[] };
  attempts?: number;
  labels?: Record<string, string>;
  rehearsal: Turn[];
}
