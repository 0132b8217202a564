/** `npm run bench -- <name> [flags]`: prints what things cost. Each bench is a program of its own in this folder. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const BENCHES: Readonly<Record<string, string>> = {
  codec: 'record batches to slabs and back, beside kafkajs and @platformatic/kafka [--records n] [--seconds n]',
  loop: 'router and scorer on a real broker: events/s, CPU per event, latency, memory [--smoke]',
}

const [name, ...flags] = process.argv.slice(2)
if (name === undefined || BENCHES[name] === undefined) {
  console.log('Usage: npm run bench -- <name> [flags]\n')
  for (const [key, what] of Object.entries(BENCHES)) console.log(`  ${key.padEnd(8)} ${what}`)
  process.exit(name === undefined || name === '--help' ? 0 : 2)
}
const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...flags], { stdio: 'inherit' })
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))
