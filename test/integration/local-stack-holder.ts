import { startLocalStack } from '@sluice/local-stack'

/**
 * A program that holds a stack until it is ended from outside, for tests of what is left then. It prints the process ids
 * as one line of JSON when the stack answers. `exit` as its argument: it leaves then without stopping the stack.
 */
const stack = await startLocalStack({ provider: 'processes', needs: ['kafka', 'redis'] })
if (stack.kind !== 'running') throw new Error(stack.reason)
process.stdout.write(`${JSON.stringify(stack.pids)}\n`)
if (process.argv[2] === 'exit') process.exit(0)
setInterval(() => {}, 60_000)
