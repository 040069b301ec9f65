import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { mustRunBuf } from '../buf/run-buf.ts'

/** The descriptors of `proto/` as it is now, with their comments, which the generated code leaves out. */
export async function readDescriptors(): Promise<FileRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'descriptors-'))
  try {
    const image = join(folder, 'commented.binpb')
    await mustRunBuf(['build', 'proto', '--as-file-descriptor-set', '--output', image])
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(image)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
