import { connectAuth } from '@immersiverse/auth-client'
import { beside, type Figure, toFigure } from '../figures.ts'
import { runLoad, type Sample } from '../load/run-load.ts'
import { tell, type World } from '../world.ts'
import { echoName, openEchoTarget, startEcho } from './echo.ts'
import { runInTurns, type Target } from './unary-targets.ts'

const inFlight = 1024
const echoInFlight = 64
// A question and an answer of ValidateToken, about.
const questionBytes = 640
const answerBytes = 240

/** `remote` verification as a protected service does it, through the client package, beside one echo call per verification. */
export async function measureRemote(world: World): Promise<Figure[]> {
  tell('remote verification: through the client')
  const { users } = world.seed
  const auth = await connectAuth({ address: `127.0.0.1:${world.service.port}`, verification: 'remote' })
  await using _closes = auth
  let next = 0
  const call = (_slot: number, done: (error?: Error) => void) => {
    const user = users[next++ % users.length]
    auth.verify(user?.accessToken ?? '').then((principal) => {
      done(principal.userId === user?.userId ? undefined : new Error('the answer names another user'))
    }, done)
  }
  const remote: Target = {
    run: (turn): Promise<Sample> => runLoad({ ...turn, call, inFlight, serverPid: world.service.pid }),
    [Symbol.dispose]: () => undefined,
  }
  await using server = await startEcho(world, answerBytes)
  const message = Buffer.alloc(questionBytes, 0)
  message.writeUInt32BE(questionBytes - 5, 1)
  using echo = await openEchoTarget(server, { inFlight: echoInFlight, message, answerBytes })
  const [echoed = [], verified = []] = await runInTurns([echo, remote], world.options.seconds)
  const limit = toFigure(`${echoName}, ${echoInFlight} in flight`, echoed)
  return [
    beside(toFigure(`remote verify, ${inFlight} in flight`, verified), { ...limit, name: echoName }),
    limit,
  ]
}
