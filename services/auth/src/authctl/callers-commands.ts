import type { Command } from 'commander'
import { addCaller } from '../compose/add-caller.ts'
import { readConfig } from '../config.ts'
import { type Answer, CommandError, type Options, UsageError } from './answer.ts'

/** Adds `callers add`. */
export function addCallersCommands(
  program: Command,
  print: (answer: Answer, options: Options) => void,
): void {
  const callers = program.command('callers').description('services that may call')
  callers
    .command('add')
    .description('make a key for a service that cannot do mTLS, and add it to the callers file')
    .argument('<id>', 'its SPIFFE id, such as spiffe://immersiverse/ns/prod/sa/batch-job')
    .option('--file <path>', 'the callers file; default: AUTH_CALLERS_FILE')
    .option('--allow <method...>', 'what a new caller may call, such as auth.v1.UserService/GetUser')
    .option('--key-file <path>', 'a new file for the private key; without it, it is printed once')
    .action(async (id: string, _options, command: Command) => {
      const options: Options = command.optsWithGlobals()
      print(await add(id, options), options)
    })
}

async function add(id: string, options: Options): Promise<Answer> {
  const { allow = [], keyFile } = options as { readonly allow?: string[]; readonly keyFile?: string }
  const file = (options.file as string | undefined) ?? readConfig().AUTH_CALLERS_FILE
  if (file === undefined) throw new UsageError('needs --file, or AUTH_CALLERS_FILE')
  const { kid, privateJwk } = await addCaller({ file, id, allow, keyFile }).catch((error: Error) => {
    throw new CommandError(error.message)
  })
  const where =
    keyFile === undefined
      ? `its private key, which is kept nowhere:\n${privateJwk}`
      : `its private key is in ${keyFile}`
  const data = {
    id,
    kid,
    file,
    ...(keyFile === undefined ? { privateJwk: JSON.parse(privateJwk) } : { keyFile }),
  }
  return { text: `${id} has the key ${kid} in ${file}; ${where}`, data }
}
