/** Who is sent the result of a task that came by mail. Every text is one line and within `answerLimits`. */
export interface AnswerTo {
  /** The mailbox that took the message: its address is the answer's sender. */
  mailbox: string;
  to: string;
  /** Of the message that is answered. */
  subject: string;
  /** Its id with its angle brackets, or null where it had none. */
  message_id: string | null;
  /** The ids of the messages before it, the oldest first. */
  references: string[];
}
