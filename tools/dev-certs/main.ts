import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { exampleFile, readExamplePolicy } from '../callers/generate-caller-table.ts'
import { rootFolder } from '../process/root-folder.ts'
import { writeDevCerts } from './write-dev-certs.ts'

const usage = `npm run dev-certs -- [--out certs] [--caller name]… [--host name]… [--address ip]… [--trust-domain immersiverse] [--days 30]

Makes an authority and certificates for first tries; not for production: the authority's key lies beside them.
Without --caller: one for each caller of ${exampleFile}.`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'certs' },
      caller: { type: 'string', multiple: true },
      host: { type: 'string', multiple: true, default: ['localhost', 'auth-service'] },
      address: { type: 'string', multiple: true, default: ['127.0.0.1', '::1'] },
      'trust-domain': { type: 'string', default: 'immersiverse' },
      days: { type: 'string', default: '30' },
      help: { type: 'boolean', default: false },
    },
  })
  const days = Number(values.days)
  if (values.help || !Number.isInteger(days) || days < 1) return console.log(usage)
  const files = await writeDevCerts({
    folder: values.out,
    trustDomain: values['trust-domain'],
    callers: values.caller ?? (await listExampleCallers()),
    hosts: values.host,
    addresses: values.address,
    days,
    exampleFile: join(rootFolder, exampleFile),
  })
  const at = (name: string) => join(relative(process.cwd(), values.out) || '.', name)
  console.log(`${files.map(at).join('\n')}

AUTH_TLS_CERT=${at('auth-service.pem')} AUTH_TLS_KEY=${at('auth-service-key.pem')} \\
AUTH_TLS_CLIENT_CA=${at('ca.pem')} AUTH_CALLERS_FILE=${at('callers.yaml')} npm start

grpcurl -cacert ${at('ca.pem')} -cert ${at('operations.pem')} -key ${at('operations-key.pem')} localhost:50051 list`)
}

async function listExampleCallers(): Promise<string[]> {
  const policy = await readExamplePolicy()
  return [...policy.keys()].map((id) => id.slice(id.lastIndexOf('/') + 1))
}

try {
  await main()
} catch (error) {
  console.error(`dev-certs: ${(error as Error).message}\n\n${usage}`)
  process.exitCode = 1
}
