/** What an API key may do. */
export const scopes = ["submit", "read", "approve", "admin"] as const;
export type Scope = (typeof scopes)[number];
