"""Reads whole topics with kcat and decodes every record with code that protoc made of the protos: nothing of ours is used.

Topics come in AUTH_TOPICS, separated by commas, brokers in KAFKA_BROKERS. Prints one JSON object a record. Fails on a record whose value is
not the message that its header ce_dataschema names, or holds a field that the protos do not know.
"""

import importlib
import json
import os
import pathlib
import re
import subprocess

from google.protobuf import json_format, symbol_database, unknown_fields

# Importing a generated module adds its messages to the pool.
for folder in os.environ["PYTHONPATH"].split(os.pathsep):
    for module in sorted(pathlib.Path(folder, "auth", "v1").glob("*_pb2.py")):
        importlib.import_module(f"auth.v1.{module.stem}")


def kcat(topic, *more):
    command = ["kcat", "-C", "-e", "-q", "-b", os.environ["KAFKA_BROKERS"], "-t", topic, *more]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def read_bytes(topic):
    """The values by partition and offset: kcat's JSON would mangle what is no text. A tombstone's size is -1."""
    output, values, at = kcat(topic, "-f", "%p %o %S\n%s\n"), {}, 0
    while at < len(output):
        line = output.index(b"\n", at)
        partition, offset, size = map(int, output[at:line].split())
        value = output[line + 1 : line + 1 + max(size, 0)]
        values[partition, offset] = None if size < 0 else value
        at = line + 1 + max(size, 0) + 1
    return values


def read_records(topic):
    """Partition, offset, key and headers of every record, with its value as bytes."""
    values = read_bytes(topic)
    for line in kcat(topic, "-J").decode("utf-8", errors="replace").splitlines():
        record = json.loads(line)
        place = record["partition"], record["offset"]
        # What came between the two readings is read the next time.
        if place not in values:
            continue
        listed = record.get("headers") or []
        yield record, dict(zip(listed[0::2], listed[1::2])), values[place]


def decode(headers, value):
    """The message that the headers name, in the encoding that they name."""
    name = re.fullmatch(r"urn:immersiverse:(.+)", headers["ce_dataschema"]).group(1)
    message = symbol_database.Default().pool.FindMessageTypeByName(name)
    decoded = symbol_database.message_factory.GetMessageClass(message)()
    match headers["content-type"]:
        case "application/json":
            json_format.Parse(value.decode("utf-8"), decoded)
        case "application/protobuf":
            decoded.MergeFromString(value)
            assert len(unknown_fields.UnknownFieldSet(decoded)) == 0, f"{name} has unknown fields"
        case other:
            raise AssertionError(f"content type {other}")
    return name, json_format.MessageToDict(decoded, always_print_fields_with_no_presence=True)


for topic in os.environ["AUTH_TOPICS"].split(","):
    for record, headers, value in read_records(topic):
        shown = {"topic": topic, "key": record["key"], "headers": headers}
        if value is not None:
            name, message = decode(headers, value)
            shown |= {"name": name, "message": message, "bytes": value.hex()}
        print(json.dumps(shown))
