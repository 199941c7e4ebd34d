/* rules.c - the kinds of change, one row each: how much it matters, what it means, why, and how to
 * check it. Families stand together and reports follow the order of this table. */
#include "differ/difference.h"

#include <string.h>

const struct rule rules[] = {
    /* ---- layout ---- */
    {"layout.type.removed", "layout", SEVERITY_NOTABLE, "Types removed",
     "A structure, union or enumeration of the old build is not in the new one.",
     "Code that reads the type by name finds nothing in the new build.",
     "dt nt!TYPE prints the type on the old kernel and \"Symbol nt!TYPE not found\" on the new "
     "one."},
    {"layout.type.added", "layout", SEVERITY_INFO, "Types added",
     "A structure, union or enumeration of the new build is not in the old one.",
     "A new type is where a new feature of the kernel keeps its state.",
     "dt nt!TYPE prints the type on the new kernel and \"Symbol nt!TYPE not found\" on the old "
     "one."},
    {"layout.type.resized", "layout", SEVERITY_NOTABLE, "Types resized",
     "The size of a structure or union differs.",
     "Arrays of the type have another stride, and whatever embeds it is pushed along.",
     "?? sizeof(nt!TYPE) on both kernels."},
    {"layout.field.removed", "layout", SEVERITY_BREAKING, "Members removed",
     "A member of the old structure is not in the new one.",
     "Code that reads the member reads something else, or past the end.",
     "dt nt!TYPE MEMBER on both kernels: the new one prints no line for it."},
    {"layout.field.added", "layout", SEVERITY_NOTABLE, "Members added",
     "A member of the new structure is not in the old one.",
     "It says what the kernel has begun to keep, and it can push along all that follows.",
     "dt nt!TYPE MEMBER on both kernels: the old one prints no line for it."},
    {"layout.field.moved", "layout", SEVERITY_BREAKING, "Members moved",
     "A member has another place among its neighbours.",
     "An offset taken from the old build reads another member in the new one.",
     "dt nt!TYPE MEMBER on both kernels shows the two offsets; dt nt!TYPE shows the neighbours."},
    {"layout.field.shifted", "layout", SEVERITY_BREAKING, "Members shifted",
     "Members keep their order and have other offsets, because of what changed before them.",
     "Every offset in the list that was taken from the old build is wrong in the new one.",
     "dt nt!TYPE MEMBER on both kernels shows the two offsets."},
    {"layout.field.retyped", "layout", SEVERITY_BREAKING, "Members with another type",
     "A member has the same name and another type.",
     "A reader that uses the old type takes too many or too few bytes, or misreads them.",
     "dt nt!TYPE MEMBER on both kernels shows the two types."},
    {"layout.field.renamed", "layout", SEVERITY_NOTABLE, "Members renamed",
     "A member has another name, and its type and its place among its neighbours.",
     "Code that reads the member by name finds nothing in the new build.",
     "dt nt!TYPE on both kernels shows the two names between the same neighbours."},
    {"layout.bit.removed", "layout", SEVERITY_BREAKING, "Bits removed",
     "A bit-field of the old structure is not in the new one.",
     "Its position may mean something else in the new build.",
     "dt nt!TYPE BIT on both kernels: the new one prints no line for it."},
    {"layout.bit.added", "layout", SEVERITY_NOTABLE, "Bits added",
     "A bit-field of the new structure is not in the old one.",
     "A new flag is the first sign of a new state or mitigation; its position was free or meant "
     "something else.",
     "dt nt!TYPE BIT on both kernels: the old one prints no line for it."},
    {"layout.bit.renamed", "layout", SEVERITY_NOTABLE, "Bits renamed",
     "A bit-field has another name, and its length and its place among its neighbours.",
     "Code that reads the bit by name finds nothing in the new build.",
     "dt nt!TYPE on both kernels shows the two names between the same neighbours."},
    {"layout.bit.moved", "layout", SEVERITY_BREAKING, "Bits moved",
     "A bit-field has another position, another length, or is in another word.",
     "A mask taken from the old build tests another flag in the new one.",
     "dt nt!TYPE BIT on both kernels shows offset, \"Pos\" and number of bits."},
    {"layout.enum.removed", "layout", SEVERITY_BREAKING, "Constants removed",
     "Constants of an enumeration are not in the new build.",
     "A value that had a name has none, or another one.",
     "dt nt!ENUM on both kernels lists names and values."},
    {"layout.enum.added", "layout", SEVERITY_INFO, "Constants added",
     "An enumeration has constants that it did not have in the old build.",
     "Values that were out of range occur now.",
     "dt nt!ENUM on both kernels lists names and values."},
    {"layout.enum.renumbered", "layout", SEVERITY_BREAKING, "Constants renumbered",
     "Constants of an enumeration keep their names and have other values.",
     "A value taken from the old build means something else in the new one; for a trailing "
     "\"Max\" constant it is the number of the others that grew.",
     "dt nt!ENUM on both kernels lists names and values."},

    /* ---- syscall ---- */
    {"syscall.removed", "syscall", SEVERITY_BREAKING, "System services removed",
     "A service of the old table is not in the new one.",
     "A program that calls it by number now calls another service, or none.",
     "x *!SERVICE on both systems: the new one finds nothing, or what no entry of its table "
     "leads to."},
    {"syscall.added", "syscall", SEVERITY_NOTABLE, "System services added",
     "A service of the new table is not in the old one.",
     "It is a new door into the kernel, and every service behind it in the table has another "
     "number.",
     "u ntdll!SERVICE on the new system shows its number: mov eax, NUMBER; the stubs "
     "of W32pServiceTable are in win32u, before 14393 in user32 and gdi32."},
    {"syscall.renumbered", "syscall", SEVERITY_BREAKING, "System services renumbered",
     "Services keep their names and have other numbers, because of services that were put in or "
     "taken out before them, or moved.",
     "A number taken from the old build calls another service in the new one.",
     "u ntdll!SERVICE on both systems shows the two numbers: mov eax, NUMBER; the stubs "
     "of W32pServiceTable are in win32u, before 14393 in user32 and gdi32."},
    {"syscall.arguments", "syscall", SEVERITY_BREAKING, "System services with other arguments",
     "A service takes another number of arguments than before.",
     "A caller that follows the old prototype leaves arguments to chance.",
     "dd nt!KiServiceTable + 4*NUMBER L1 on x64: the low 4 bits count the arguments on the stack; "
     "db nt!KiArgumentTable + NUMBER L1 on x86: their bytes."},
    {"syscall.foreign", "syscall", SEVERITY_BREAKING, "System services diverted",
     "A service points into a module that the table does not belong to.",
     "Whoever owns that module sees, and can change, every call of the service.",
     "dps nt!KiServiceTable on x86; on x64 u nt!KiServiceTable + (dwo(nt!KiServiceTable + "
     "4*NUMBER) >> 4); lm a ADDRESS names the module."},
    {"stub.template", "syscall", SEVERITY_NOTABLE, "Stubs with another template",
     "The stubs of a module enter the kernel by other code than before.",
     "What recognizes stubs by their bytes, to hook or to check them, must know both.",
     "u ntdll!NtReadFile on both systems."},
    {"stub.mechanism", "syscall", SEVERITY_NOTABLE, "Stubs with another way into the kernel",
     "A stub enters the kernel by another instruction than before, and not as the others of its "
     "module do.",
     "A stub that goes its own way was changed on purpose, by Windows or by somebody else.",
     "u MODULE!STUB on both systems; !chkimg MODULE compares the module with its file."},
    {"stub.exception", "syscall", SEVERITY_NOTABLE, "Stubs unlike their module's template",
     "A stub has other bytes than the other stubs of its module, or has them no longer.",
     "A stub that was rewritten is how a hook looks from inside the process.",
     "u MODULE!STUB; !chkimg MODULE compares the module with its file."},

    /* ---- process ---- */
    {"process.parent.shifted", "process", SEVERITY_NOTABLE, "Parents shifted",
     "A system process is the child of other processes than before; \"(absent)\" stands for a "
     "parent that is no longer there.",
     "Rules that tell a forged system process by its parent must know the parents of each build.",
     "!process 0 0 IMAGE gives ParentCid; !process PARENTCID 0 finds the parent, or nothing."},
    {"process.image.removed", "process", SEVERITY_NOTABLE, "System processes removed",
     "A system process of the old snapshot does not run in the new one.",
     "Its work went elsewhere, or it was stopped.", "!process 0 0 IMAGE on both dumps."},
    {"process.image.added", "process", SEVERITY_NOTABLE, "System processes added",
     "A system process runs that did not run in the old snapshot.",
     "Part of the system moved into a process of its own, or something took a system name.",
     "!process 0 0 IMAGE on both dumps."},
    {"process.bit.changed", "process", SEVERITY_NOTABLE, "Process bits changed",
     "A bit of EPROCESS that both builds have is set in all processes of one image, or in all of "
     "them in one kind of session, on one side and in none on the other.",
     "The kernel treats the process differently, or something wrote the bit.",
     "dt nt!_EPROCESS ADDRESS BIT with the address that !process 0 0 IMAGE gives."},
    {"process.view.changed", "process", SEVERITY_NOTABLE, "Process views changed",
     "All processes of one image are in a view (a list, a table, what else leads to a process) on "
     "one side and not in it on the other.",
     "A process that a list lacks is invisible to tools that walk that list.",
     "!process 0 0 IMAGE for the address; !list or dt along the list that the subject names."},
    {"process.silo.changed", "process", SEVERITY_NOTABLE, "Silos changed",
     "All processes of one image are in another kind of silo than before, or in none.",
     "A server silo, which a container is, has names, registry and services of its own.",
     "dt nt!_EPROCESS ADDRESS Job with the address that !process 0 0 IMAGE gives; !job ADDRESS of "
     "that job says whether it is a silo."},
    {"process.job.changed", "process", SEVERITY_NOTABLE, "Jobs changed",
     "All processes of one image are in another job than before, or in none.",
     "A job limits what its processes may use and start, and ends them together.",
     "!process 0 1 IMAGE gives the job; !job ADDRESS its limits and its processes."},
    {"job.limits.changed", "process", SEVERITY_NOTABLE, "Limits of jobs changed",
     "A job that both sides have under one name has other limits than before.",
     "What it forbids holds for every process in it and for all that they start.",
     "!object DIRECTORY gives the addresses of the jobs in it; !job ADDRESS the limits."},
    {"process.session.changed", "process", SEVERITY_NOTABLE, "Sessions changed",
     "An image runs in other kinds of session than before: in none, in session 0 with the "
     "services, in those of users.",
     "Sessions keep windows and named objects apart: who moves leaves those whom it could reach.",
     "!process 0 1 IMAGE gives SessionId."},
    {"process.cross-session.changed", "process", SEVERITY_NOTABLE,
     "Objects outside their session changed",
     "All processes of one image hold a named object outside the namespace of their session on one "
     "side, and none does on the other.",
     "What is shared across sessions is a way from one to the other.",
     "!process 0 0 IMAGE for the address; !handle 0 3 ADDRESS lists what it holds."},
    {"process.protection.changed", "process", SEVERITY_NOTABLE, "Protection changed",
     "All processes of one image have another protection than before.",
     "Protection decides who may open the process for reading and writing.",
     "dt -b nt!_EPROCESS ADDRESS Protection, before 8.1 ProtectedProcess, with the address that "
     "!process 0 0 IMAGE gives."},
    {"process.signature.changed", "process", SEVERITY_NOTABLE, "Signature levels changed",
     "All processes of one image have another level of signature than before, or want another of "
     "what they load.",
     "An image that is not signed for the level cannot be loaded into the process.",
     "dt nt!_EPROCESS ADDRESS SignatureLevel SectionSignatureLevel with the address that "
     "!process 0 0 IMAGE gives."},
    {"process.integrity.changed", "process", SEVERITY_NOTABLE, "Integrity changed",
     "All processes of one image have another integrity level than before.",
     "The level decides which objects the process may write to, whatever their access lists say.",
     "!process 0 1 IMAGE gives the token; !token ADDRESS lists its groups, with the label "
     "S-1-16-LEVEL among them."},
    {"process.user.changed", "process", SEVERITY_NOTABLE, "Users changed",
     "All processes of one image run as another kind of user than before.",
     "What the user may open, the process may.",
     "!process 0 1 IMAGE gives the token; !token ADDRESS names its user."},
    {"process.elevation.changed", "process", SEVERITY_NOTABLE, "Elevation changed",
     "In all processes of one image, the group Administrators is enabled or disabled, or rights "
     "were filtered out of the token, otherwise than before.",
     "A user is an administrator only in processes in which that group is enabled.",
     "!process 0 1 IMAGE gives the token; !token ADDRESS lists its groups, with S-1-5-32-544 among "
     "them."},
    {"process.container.changed", "process", SEVERITY_NOTABLE, "App containers changed",
     "All processes of one image are in an app container on one side, and in none on the other.",
     "A process in an app container opens only what grants access to its package.",
     "!process 0 1 IMAGE gives the token; !token ADDRESS shows IsAppContainer."},
    {"process.mitigation.changed", "process", SEVERITY_NOTABLE, "Mitigations changed",
     "Mitigations that both builds have are switched on in all processes of one image on one side, "
     "and in none on the other.",
     "A mitigation takes a way away that an exploit could go.",
     "dt -b nt!_EPROCESS ADDRESS MitigationFlagsValues with the address that !process 0 0 IMAGE "
     "gives."},
    {"processor.protection.changed", "process", SEVERITY_NOTABLE, "Processor protections changed",
     "What the control registers switch on is on for other processors than before.",
     "It is what still holds when all other layers have been passed; the kernel switches on what "
     "the processor has and the settings allow.",
     "r cr0; r cr4 on both dumps; rdmsr c0000080 on a live system, where bit 11 is NX."},

    /* ---- object ---- */
    {"object.type.removed", "object", SEVERITY_NOTABLE, "Types of objects removed",
     "The Object Manager of the old build knew a type of objects that the new one does not.",
     "Handles to objects of that type cannot exist in the new build.",
     "!object \\ObjectTypes\\TYPE on both dumps: the new one does not find it."},
    {"object.type.added", "object", SEVERITY_NOTABLE, "Types of objects added",
     "The Object Manager of the new build knows a type of objects that the old one did not.",
     "It is a new kind of thing that a handle can lead to, and most types behind it in the table "
     "have another index.",
     "!object \\ObjectTypes\\TYPE on both dumps: the old one does not find it."},
    {"object.type.reindexed", "object", SEVERITY_BREAKING, "Types of objects reindexed",
     "Types of objects keep their names and have other indexes, because of types that were put in "
     "or taken out before them, or moved.",
     "An index taken from the old build names another type in the new one.",
     "dps nt!ObTypeIndexTable lists the types in the order of their indexes; !object ADDRESS "
     "names one."},
    {"object.name.removed", "object", SEVERITY_NOTABLE, "Named objects removed",
     "A directory that the kernel and the session manager fill has a name no more.",
     "Programs that open the object by this name fail.", "!object DIRECTORY on both dumps."},
    {"object.name.added", "object", SEVERITY_NOTABLE, "Named objects added",
     "A directory that the kernel and the session manager fill has a new name.",
     "It is something new that programs can open, or that is loaded in place of a file.",
     "!object DIRECTORY on both dumps."},
    {"alpc.port.removed", "object", SEVERITY_NOTABLE, "ALPC ports removed",
     "A system process has a named connection port no more.",
     "Clients that connect to it by name fail.",
     "!object DIRECTORY on both dumps; !alpc /lpp ADDRESS of the process lists its ports."},
    {"alpc.port.added", "object", SEVERITY_NOTABLE, "ALPC ports added",
     "A system process has a named connection port that it did not have.",
     "It is a new door into a process that others trust.",
     "!object DIRECTORY on both dumps; !alpc /lpp ADDRESS of the process lists its ports."},
    {"alpc.role.changed", "object", SEVERITY_NOTABLE, "ALPC ports with another role or owner",
     "A named ALPC port belongs to a process of another image than before, or has another role.",
     "Whoever owns a connection port is the server that all its clients trust.",
     "!alpc /p ADDRESS shows a port's type and owner; !object DIRECTORY gives the addresses of "
     "the ports in it."},

    /* ---- dump ---- */
    {"header.changed", "dump", SEVERITY_NOTABLE, "Dump format changed",
     "A field that describes the format of the dump has another value.",
     "The two dumps hold different pages, or are read in different ways.",
     ".dumpdebug on both dumps."},
    {"coverage.lost", "dump", SEVERITY_NOTABLE, "Coverage lost",
     "The new snapshot knows less of a section than the old one.",
     "What is unknown is not compared: a change in it would go unseen.",
     "The snapshot's coverage section gives the reason; !pte ADDRESS says whether a page is "
     "there."},
    {"coverage.gained", "dump", SEVERITY_INFO, "Coverage gained",
     "The new snapshot knows more of a section than the old one.",
     "What only one side knows is not compared.",
     "The snapshot's coverage section gives the reason; !pte ADDRESS says whether a page is "
     "there."},

    /* ---- snapshot ---- */
    {"snapshot.value.changed", "snapshot", SEVERITY_BREAKING, "Values changed",
     "Two snapshots of the same dump differ in a value.",
     "The same dump and symbols give the same bytes, so the analyzer or its symbols changed.",
     "Read the same field in the dump; the snapshot that agrees is the right one."},
    {0},
};

const struct rule *rule_find(const char *id) {
    for (const struct rule *rule = rules; rule->id; rule++)
        if (strcmp(rule->id, id) == 0)
            return rule;
    return NULL;
}

const char *severity_name(enum severity severity) {
    static const char *const names[] = {
        [SEVERITY_INFO] = "info",
        [SEVERITY_NOTABLE] = "notable",
        [SEVERITY_BREAKING] = "breaking",
    };
    return names[severity];
}
