# Completes fream in fish. fream itself says what fits at the cursor.
function __fream_words
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l typed (commandline -ct)
    set -l found (_FREAM_COMPLETE=words $program $words "$typed" 2>/dev/null)
    if test "$found[1]" = /
        __fish_complete_directories "$typed"
    else if test "$found[1]" = .
        __fish_complete_path "$typed"
    else if count $found >/dev/null
        printf '%s\n' $found
    end
end
complete -c fream -f -k -a '(__fream_words)'
