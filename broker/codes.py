"""Every code that an answer, a failed step or the command line can carry, and what it means: the documentation's table.

A test looks for each code of the sources here, and for these in the sources. Diagnostics of documents have their
own table (`manifests.CODES`). Codes never change once released.
"""

from __future__ import annotations

from collections.abc import Mapping

ANSWERS: Mapping[str, str] = {
    "internal": "a fault of ours; the log of the process has the details, by the request's id",
    "request.invalid": "the request is not well formed, or asks for something impossible",
    "request.method": "the address has no such method; the answer lists those it has",
    "request.accept": "none of the media types asked for can be given",
    "request.media-type": "the body's media type is not known here",
    "request.too-large": "the body, or the page asked for, is larger than the limit",
    "request.slow": "the body did not arrive in time",
    "request.refused": "the HTTP layer refused the request before anything read it",
    "document.invalid": "a document has errors: `diagnostics` lists them all",
    "agreement-metric": "an agreement's guarantee names a metric that nobody measures",
    "agreement-value": "an agreement's guarantee promises what is no number",
    "agreement-scope": "an agreement's guarantee is about a node that the service has not",
    "metric-unmeasured": "a plan's configuration monitors what no agent is there to measure; a warning",
    "credentials-withheld": "a provider's password or keys in a document are not kept: the settings are their place",
    "auth.missing": "the request carries no token",
    "auth.invalid": "the token is not one of this installation",
    "auth.expired": "the token's time is over",
    "auth.forbidden": "who asks may not do this",
    "plan.moved": "an image, a size, a price or a quota that a plan was made on has changed; `difference` says which",
    "resize.refused": "the provider has no such size for the machine, or no room for it; the message has the numbers",
    "missing": "there is no such thing in this account",
    "conflict": "the state forbids it, or somebody else was first",
    "conflict.generation": "it was changed since it was read: read it again",
    "occi.invalid": "an OCCI rendering is malformed, or breaks a kind's definition; `term` names what",
    "occi.unknown": "a category or address that is not known here",
    "occi.denied": "an immutable attribute, a mixin that does not apply, or a category of the provider",
    "occi.conflict": "one kind, system or template too many, or an action that this state does not allow",
    "occi.too-long": "the rendering does not fit into headers: ask for text/plain",
    "occi.action": "the action is defined, and nothing here carries it out",
    "occi.version": "the client speaks a newer OCCI than this server",
    "provider.unable": "no provider can do that with what is there; the message says what, the hint what to do instead",
    "wait.over": "what a client waited for did not come within the time it gave",
    "answer.unreadable": "what answered a client is no row, or speaks otherwise",
    "row.down": "another category server does not answer; `row` names it, `retry_after` says when to try again",
    "store.full": "the disk is full; nothing was half-written",
    "store.busy": "the database was locked for too long",
    "store.down": "the database's server does not answer, or has ended the connection",
    "store.address": "the setting `database` names nothing that can be used",
    "store.newer": "the database was written by a newer Accords",
    "store.open": "the database cannot be opened",
    "home.busy": "a broker runs on this home, or it is being restored",
    "backup.database": "the database is no file: its own tools copy it",
    "restore.there": "the home has a broker's databases already",
    "restore.installation": "the archive is of another installation than the home",
    "restore.half": "a restore of this home was cut off: run it again",
    "lease.lost": "another worker has taken the plan over",
    "phase.changed": "the operation is being cancelled",
    "door.address": "the agents' door cannot listen where the settings say",
    "agent.token": "the one-time token is wrong, late, another node's or used",
    "agent.key": "the node's key is not known",
    "agent.version": "the agent's messages have a version that this door does not speak",
    "agent.message": "what the agent sent is no message",
    "agent.instruction": "there is no such instruction for this node",
    "agent.rate": "the node sends more than it may",
    "agent.route": "the door has no such address",
}
"""Answers of rows and of the agents' door."""

STEPS: Mapping[str, str] = {
    "step.exit": "a script in a node ended with a status other than 0; `accords logs` shows what it printed",
    "step.broken": "the provider made the thing, and says that it is broken",
    "step.mount": "a node did not mount a volume; the message has the device and the reason",
    "step.device": "the provider does not say as which device a machine has its volume",
    "step.state": "the thing is in a state that does not allow the step",
    "step.timeout": "the step did not end within `step_timeout`",
    "share.failed": "a service that is shared failed; the message says why, and the hint what mends it",
    "share.ring": "two services would wait for each other, because each uses what the other is",
    "use.gone": "a network or storage that a compute is linked to was deleted before the compute was made",
    "step.bug": "a fault of ours in a step; the worker's log has the details",
}
"""Failed steps, beside what providers say (`providers.errors`)."""

COMMANDS: Mapping[str, str] = {
    "install.shared": "another distribution ships a package of Accords into the same environment",
    "settings": "the settings cannot be used; the message names each that is wrong",
    "input.file": "a line of the file of `--env` gives no input a value; the message names the line, and no value",
    "file": "a file cannot be read or written",
    "failed": "the command could not be carried out; the message says why",
}
"""The command line's own, with `--json`."""
