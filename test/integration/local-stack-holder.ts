import { startLocalStack } from '@sluice/local-stack'

/**
 * A program that holds a stack until it is ended from outside, for tests of what is left then. It prints the process ids
 * and addresses as one line of JSON when the stack answers. Arguments: the provider, and `exit` to leave then without
 * stopping the stack.
 */
const [provider, way] = process.argv.slice(2)
if (provider !== 'docker' && provider !== 'processes') throw new Error(`no such provider: ${provider}`)
const stack = await startLocalStack({ provider, needs: ['kafka', 'redis'] })
if (stack.kind !== 'running') throw new Error(stack.reason)
process.stdout.write(
  `${JSON.stringify({ pids: stack.pids, addresses: stack.components.map((part) => part.address) })}\n`,
)
if (way === 'exit') process.exit(0)
setInterval(() => {}, 60_000)
