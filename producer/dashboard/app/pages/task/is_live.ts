import type { Task } from "../../data/responses.ts";

/** Whether the task may still change. */
export const isLive = ({ status }: Task): boolean => status === "queued" || status === "running";
