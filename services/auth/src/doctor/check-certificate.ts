import { connect, type PeerCertificate } from 'node:tls'
import type { Finding } from './finding.ts'
import { toCause } from './to-cause.ts'
import { toDuration } from './to-duration.ts'

const check = 'certificate'
const timeoutMs = 5000
/** Time enough for somebody to answer. */
const soonMs = 21 * 86_400_000

/** Looks whether the certificate that `host:port` shows is valid now and for three weeks more. It does not judge who has signed it. */
export async function checkCertificate(address: string, now: Date): Promise<Finding[]> {
  try {
    const { valid_from, valid_to, subject } = await readCertificate(address)
    const [from, until] = [new Date(valid_from), new Date(valid_to)]
    const leftMs = until.getTime() - now.getTime()
    const who = `that of ${address} (${subject?.CN ?? 'no name'})`
    const remedy = 'renew it, and see why what renews it has not done so'
    if (leftMs <= 0) {
      return [{ check, severity: 'error', what: `${who} expired ${toDuration(-leftMs)} ago`, remedy }]
    }
    if (from > now) {
      const early = 'correct the clock of this machine or wait'
      return [{ check, severity: 'error', what: `${who} is not valid before ${valid_from}`, remedy: early }]
    }
    const what = `${who} expires in ${toDuration(leftMs)}`
    return [leftMs < soonMs ? { check, severity: 'warning', what, remedy } : { check, severity: 'ok', what }]
  } catch (error) {
    const what = `${address} shows none: ${toCause(error)}`
    return [{ check, severity: 'error', what, remedy: 'see that something listens there with TLS' }]
  }
}

function readCertificate(address: string): Promise<PeerCertificate> {
  const { hostname, port } = new URL(`tls://${address}`)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    // Also what nobody would trust is looked at.
    const options = { host, port: Number(port), rejectUnauthorized: false, timeout: timeoutMs }
    const named = /[a-z]/i.test(host) && !host.includes(':') ? { servername: host } : {}
    const socket = connect({ ...options, ...named }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('timeout', () => socket.destroy(new Error(`no answer for ${timeoutMs} ms`)))
  })
}
