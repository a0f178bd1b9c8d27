/** A task and the fence that its claim raised: the condition of every write. */
export interface Claim {
  id: string;
  fence: number;
}
