/**
 * Tells the process that forked this one where it listens; does nothing when nobody did. Ports are chosen by the system,
 * so the parent cannot know them.
 */
export function announceListening(addresses: { readonly http: string; readonly ops: string }): void {
  process.send?.({ kind: 'listening', ...addresses })
}
