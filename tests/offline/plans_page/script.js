// Who may read records, and when. Evaluated for every permission of `archive`.

var context = $evaluation.getContext();
var identity = context.getIdentity();
var attributes = identity.getAttributes();
var permission = $evaluation.getPermission();
var resource = permission.getResource();

/** Returns the first value of an attribute, or an empty text. */
function first(name) {
    var value = attributes.getValue(name);
    return value === null ? '' : value.asString(0);
}

/** Returns every value of an attribute as a list. */
function all(name) {
    var value = attributes.getValue(name);
    var list = [];
    if (value === null) {
        return list;
    }
    for (var i = 0; i < value.size(); i++) {
        list.push(value.asString(i));
    }
    return list;
}

/** Office hours, by the clock of the server. */
function isOpen() {
    var now = new Date();
    var day = now.getDay();
    var hour = now.getHours();
    if (day === 0 || day === 6) {
        return false;
    }
    return hour >= 8 && hour < 18;
}

/** The holidays on which nobody reads anything. */
var HOLIDAYS = [
    '01-01',
    '05-01',
    '10-03',
    '12-24',
    '12-25',
    '12-26',
    '12-31'
];

function isHoliday() {
    var now = new Date();
    var month = ('0' + (now.getMonth() + 1)).slice(-2);
    var day = ('0' + now.getDate()).slice(-2);
    return HOLIDAYS.indexOf(month + '-' + day) >= 0;
}

/** People of the archive, and those whom they invite. */
function isInvited() {
    var email = first('email');
    var faculties = all('faculty');
    if (email.endsWith('@archive.example.org')) {
        return true;
    }
    for (var i = 0; i < faculties.length; i++) {
        if (identity.hasRealmRole('guest-of-' + faculties[i])) {
            return true;
        }
    }
    return false;
}

/** Auditors read everything, at any time. */
function isAuditor() {
    var email = first('email');
    return identity.hasRealmRole('auditor');
}

/** Records that are sealed stay closed to everybody else. */
function isSealed() {
    if (resource === null) {
        return false;
    }
    var until = resource.getSingleAttribute('sealed_until');
    if (until === null || until === '') {
        return false;
    }
    return new Date(until) > new Date();
}

/** The network from which the reading room is reached. */
function isReadingRoom() {
    var address = context.getAttributes().getValue('kc.client.network.ip_address');
    if (address === null) {
        return false;
    }
    var text = address.asString(0);
    return text.indexOf('10.20.') === 0 || text.indexOf('10.21.') === 0;
}

/** What decides, in the order in which the rules of the archive have it. */
function decide() {
    if (isAuditor()) {
        return true;
    }
    if (isSealed() || isHoliday()) {
        return false;
    }
    if (isReadingRoom() && isOpen()) {
        return true;
    }
    if (isProgram()) {
        return isQuiet() && identity.hasRealmRole('harvester');
    }
    return isInvited() && isOpen();
}

/** Whoever asks too much at once is a program, and programs have a service account. */
function isProgram() {
    var client = first('kc.client.id');
    var agent = context.getAttributes().getValue('kc.client.user_agent');
    if (agent === null) {
        return true;
    }
    var text = agent.asString(0).toLowerCase();
    return client.indexOf('batch-') === 0 || text.indexOf('curl') === 0 || text.indexOf('python') === 0;
}

/** Programs read at night, when nobody else does. */
function isQuiet() {
    var hour = new Date().getHours();
    return hour < 5 || hour > 22;
}

/** A line in the log of the server for whoever asks later. */
function note(decision) {
    var name = resource === null ? '(no resource)' : resource.getName();
    var who = identity.getId();
    print('archive: ' + who + ' ' + (decision ? 'reads' : 'may not read') + ' ' + name);
}

var decision = decide();
note(decision);

if (decision) {
    $evaluation.grant();
} else {
    $evaluation.deny();
}
