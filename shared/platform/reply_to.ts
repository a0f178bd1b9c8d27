/** Who gets the result of a task that came by mail. Every text is one line and within `mailAnswerLimits`. */
export interface ReplyTo {
  /** The mailbox that received the message: its address is the sender of the reply. */
  mailbox: string;
  to: string;
  /** The subject of the original message. */
  subject: string;
  /** The id of the original message with angle brackets, or null. */
  message_id: string | null;
  /** The ids of the messages before it, oldest first. */
  references: string[];
}
