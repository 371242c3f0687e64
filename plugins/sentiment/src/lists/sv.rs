//! Swedish.

use super::Lists;

// In lines: a phrase a line would be a thousand lines a language.
#[rustfmt::skip]
pub(crate) static LISTS: Lists = Lists {
    code: "sv",
    little_words: &[
        "och", "jag", "ar", "inte", "min", "mitt", "mina", "det", "den", "ett", "att", "som", "pa", "for",
        "med", "till", "av", "var", "nar", "hur", "hej", "tack", "har", "hade", "kan", "ni", "du", "vi", "er",
        "era", "men", "fran", "om", "sa", "vill", "skulle", "kommer", "kom", "bestallning", "paket",
        "paketet", "fick", "fatt", "nagot", "nagon", "an", "igen", "aldrig", "nu", "mycket", "alla", "ska",
        "blev", "blir", "vara", "varit", "finns", "ocksa", "bara", "redan", "fortfarande", "sedan", "tva",
        "tre", "veckor", "dagar", "pengar", "pengarna", "fel", "farg", "storlek", "butiken", "skor", "skorna",
        "tillbaka", "mig", "mejl", "svarar", "ingen", "hos", "eller", "de", "dem", "en", "i", "ur", "vid",
        "gang", "gangen", "gar", "far", "hjalp", "passar", "nej", "ja", "skickar", "adress", "manga", "poang",
        "fungerar", "jaha", "vaxterna", "lordags", "onsdag", "lamnat", "ert", "runnit", "hela", "ladan",
        "lite", "stallet", "andrat", "ta", "bort", "gron", "grona", "fore", "jul", "tredje", "rad", "jobbar",
        "gick", "fort", "allvar", "hall", "borta", "denna", "bestallt", "valdigt", "funkar", "kansloig",
        "dar", "hjalmen", "kramen", "kanslig", "hud", "minuter", "svara", "svarta", "brun", "tio",
        "tallriken", "svar", "snabbt", "varfor", "telefon",
    ],
    letters: &['å', 'ä', 'ö'],
    negators: &["inte", "ej", "ingen", "inget", "inga", "aldrig", "utan", "knappast"],
    contrasts: &["men", "dock"],
    reproaches: &["varfor"],
    cues: &[
        (-75, &[
            "bedragare", "bedrageri", "lurendrej*", "aldrig igen", "handlar aldrig", "polis*", "polisanmal*",
            "konsumentverket", "arn", "advokat", "tjuv*", "varsta", "samsta", "undvik", "tack for ingenting",
            "hall er borta", "hall er undan", "kop inte", "handla inte",
        ]),
        (-60, &[
            "skandal*", "oacceptabelt", "oacceptabel", "skamligt", "skam", "under all kritik", "urusel*",
            "uruselt", "bedrovlig*", "hemsk*", "vidrig*", "lojligt", "skamt", "jag ar arg", "forbannad",
            "arg", "vill ha mina pengar", "ge mig mina pengar", "trott pa", "nu racker det", "katastrof*",
            "inkompetent*", "respektlost", "pa allvar", "mardrom", "kaos", "for jakligt", "skandalost",
            "oforskamt", "oforskamd",
        ]),
        (-45, &[
            "ingen svarar", "ingen som svarar", "ingen hjalper", "ingen vet", "inget svar", "far inget svar",
            "inte fatt", "har inte fatt", "inte sett", "fortfarande inte", "fortfarande inget",
            "fortfarande ingen", "anda inte", "skulle kommit", "skulle ha kommit", "borde ha kommit",
            "har vantat", "vantat i", "vantar fortfarande", "tredje gangen", "fjarde gangen", "andra gangen",
            "tre ganger", "flera ganger", "hur manga ganger", "forsenat igen", "forsenad igen", "jaha toppen",
            "ja men toppen", "besviken", "besvikna", "missnojd", "inte nojd", "inte glad", "fungerar inte",
            "funkar inte", "slutade fungera", "dalig kvalitet", "dalig service", "dragit pengar",
            "dubbeldebiter*", "dragits tva", "tva ganger", "ignorera*", "forvantade mig mer", "bara halften",
            "lagger pa", "lade pa", "graten", "grat", "ledsen", "lurad", "vilseledande", "stammer inte",
            "ser inte ut som", "skulle vara har", "skulle varit", "skulle ha varit", "autosvar*",
            "automatiska svar", "jobbar det nagon", "ingen nas", "gar inte att na", "kommer inte fram",
            "kanner mig lurad", "hittar inte", "varfor betalar", "jag bad om", "annat pris", "dyrare",
            "hanger sig", "kraschar", "sloseri", "frustrer*", "skickade fel", "fick en annan", "fatt fel",
            "men fick", "i telefonko", "svarar i telefon", "svarar ingen", "otrevlig*", "oartig*", "ohovlig*",
            "oforskamd*", "dagar forsenat", "dagar sen", "dagar sent", "lovad*", "lovades",
            "skulle vara gratis", "ursakt*", "forsenat", "forsenad",
        ]),
        (-35, &[
            "trasig*", "sonder", "skadad*", "defekt*", "sprucken", "spruckit", "sprickor", "spricka", "repig",
            "repor", "flack*", "hal i", "fel farg", "fel storlek", "fel vara", "fel artikel", "fel produkt",
            "fick fel", "saknas", "saknades", "reklamera", "reklamation", "tyvarr", "dalig*", "krympt",
            "krympte", "lossnat", "lossnade", "lacker", "borta", "forsvunnit", "inte kommit",
            "inte levererat", "inte levererats", "startar inte", "billig kansla", "synd", "runnit ut",
            "lackt", "moglig*", "mogel", "rutten", "vissn*", "utgangen", "fargar av sig", "fransig",
            "fastnat", "blinkar", "gnisslar", "sned", "skev", "genomskinlig", "for tunn", "pytteliten",
            "mindre an", "begagnad", "dammig", "kladdig", "overhettas", "slarvigt", "ofullstandig",
            "faller isar", "gatt sonder", "gick sonder", "skrap", "sprack", "gick av", "brast", "revs",
            "trasigt",
        ]),
        (-25, &[
            "forsenad*", "sen", "sent", "lange",
        ]),
        (-15, &[
            "problem", "aterbetalning", "fel",
        ]),
        (0, &[
            "hur lange", "tack pa forhand", "ha en bra dag", "trevlig dag", "god morgon", "god kvall",
            "inga problem", "inget problem", "ingen fara", "ingen bradska", "bestallde fel", "valde fel",
            "av misstag", "om den inte passar", "om de inte passar", "inte dum", "med vanlig halsning",
            "for sma", "for stora", "mvh", "har ni kvar", "god jul", "bra dag", "lite tranga", "for tranga",
            "oppet", "oppettider",
        ]),
        (25, &[
            "tack", "bra", "fin", "fint", "fina", "snabb*", "trevlig*", "snall*", "passar", "fungerar",
            "inte illa", "som pa bilden", "nojd", "skon", "skont", "lost", "hjalpsam*", "glad", "mjuk*",
            "mysig*", "god", "smaskig", "gullig*", "gick fort", "har redan bestallt", "bestallt en till",
            "stabil", "praktisk", "luktar gott", "kul", "smidig*",
        ]),
        (35, &[
            "tack sa mycket", "stort tack", "tusen tack", "jattefin*", "jattebra", "jatteglad", "jattenojd",
            "mycket nojd", "valdigt nojd", "perfekt", "toppen", "super*", "rekommender*", "battre an",
            "kanon", "grym*", "passar perfekt", "sa mjuk", "kund i manga ar", "i aratal", "helt supernojd",
        ]),
        (50, &[
            "fantastisk*", "underbar*", "alskar", "basta", "utmarkt", "stralande", "helt fantastisk*",
            "kar i", "overtraffa*",
        ]),
    ],
    intents: &[
        ("", 80, &[
            "tack pa forhand", "tack for ingenting", "tack och hej",
        ]),
        ("return", 85, &[
            "lampan", "etikett", "lite tranga", "kan jag fa dem i", "annan storlek", "storre storlek",
            "mindre storlek", "en storlek storre", "lamna igen",
        ]),
        ("human_please", 85, &[
            "en manniska svara", "i ko", "jobbar det nagon", "autosvar*", "nagon ringa", "nagon som jobbar",
            "riktig person",
        ]),
        ("product_question", 85, &[
            "kanslig hud", "funkar kramen", "gar den att", "doft", "tjocklek", "for barn", "matt eller",
        ]),
        ("loyalty", 85, &[
            "saldo", "status", "niva", "stamplar",
        ]),
        ("stock_question", 85, &[
            "tillbaka fore", "fore jul", "kommer _ _ tillbaka", "kommer den tillbaka", "far ni in",
            "slut i lager", "utgatt",
        ]),
        ("cancel", 85, &[
            "andrat mig", "ta bort mattan", "ta bort", "vill inte ha", "behover inte langre", "angrat mig",
        ]),
        ("refund", 85, &[
            "pa mitt konto", "mitt konto", "insatt",
        ]),
        ("where_is_my_order", 85, &[
            "lamnat ert lager", "skickats", "pa vag", "skulle vara har", "leveransdatum", "nar kommer",
            "nar levererar", "har den skickats", "nyheter om min",
        ]),
        ("where_is_my_order", 90, &[
            "var ar min", "var ar mitt", "var ar paketet", "nar kommer mitt", "nar kommer min",
            "nar far jag min", "nar far jag mitt", "nar levereras", "nar skickas", "sparningsnummer",
            "spara mitt", "sparning", "kollinummer", "leveransstatus", "orderstatus", "inte fatt mitt",
            "inte fatt min", "inte kommit", "inte levererats", "vart ar min", "vart ar mitt",
        ]),
        ("where_is_my_order", 70, &[
            "skulle kommit", "skulle ha kommit", "borde ha kommit", "inte fatt nagot", "har inte fatt",
            "vantar pa mitt", "vantar pa min", "fortfarande inte", "vantat i", "har vantat",
        ]),
        ("return", 90, &[
            "skickar jag tillbaka", "skicka tillbaka", "returnera*", "returnerar", "lamna tillbaka", "byta",
            "byte", "retursedel", "returetikett", "returlapp", "angra kop", "angerratt",
        ]),
        ("return", 50, &[
            "retur*",
        ]),
        ("refund", 90, &[
            "pengarna tillbaka", "pengar tillbaka", "mina pengar", "aterbetal*", "inte sett nagra pengar",
            "nagra pengar", "kredit*",
        ]),
        ("cancel", 90, &[
            "avbestall*", "annullera*", "avboka*", "ta bort bestallningen", "saga upp", "stoppa ordern",
            "makulera*",
        ]),
        ("human_please", 90, &[
            "riktig manniska", "en manniska", "en person", "prata med nagon", "prata med en", "tala med",
            "ring mig", "ringa mig", "ringa upp", "kundtjanstmedarbetare", "medarbetare", "en chef",
            "er chef", "nagon dar",
        ]),
        ("stock_question", 90, &[
            "i lager", "lager", "finns _ kvar", "kvar i butiken", "finns kvar", "tillganglig*", "slutsald*",
            "in i storlek", "kommer _ in", "kommer in igen", "pafyllning", "finns den i", "har ni kvar",
            "har ni den i", "i butiken i",
        ]),
        ("loyalty", 90, &[
            "poang", "bonuspoang", "medlem*", "bonuscheck", "kundklubb", "bonuskort", "vardecheck",
            "formaner",
        ]),
        ("product_question", 80, &[
            "av ull", "ar den av", "akta lader", "vilken storlek", "vilka matt", "matten", "material",
            "tvatta", "tvattmaskin", "diskmaskin", "vattentat", "kompatibel", "lamplig", "stor i storlek",
            "liten i storlek", "vilka farger", "garanti", "batteri", "vager",
        ]),
        ("thanks", 80, &[
            "tack", "tack sa mycket", "tusen tack", "tackar",
        ]),
        ("product_question", 45, &[
            "ar den", "ar det", "ar de", "ar kappan", "har den", "passar den", "gar den", "hur stor",
            "hur mycket",
        ]),
    ],
    topics: &[
        ("damage", &[
            "men fick en", "men fick ett", "runnit", "moglig*", "sned", "trasig*", "sonder", "skadad*",
            "defekt*", "sprucken", "fel farg", "fel storlek", "fel vara", "fick fel", "saknas", "repig",
            "hal i",
        ]),
        ("delivery", &[
            "ert lager", "leverans*", "levererat*", "paket*", "frakt*", "skickar ni", "sparning*", "budet",
            "postnord",
        ]),
        ("payment", &[
            "kortet nekas", "nekas", "pris", "rabattkod", "faktura*", "kvitto*", "betal*", "dragit pengar",
            "klarna", "swish", "kort", "debiter*", "delbetal*",
        ]),
        ("setup", &[
            "monter*", "instruktion*", "installera*", "koppla*", "anslut*", "bruksanvisning", "bluetooth",
            "wifi",
        ]),
        ("account", &[
            "losenord*", "logga in", "mitt konto", "inloggning*",
        ]),
    ],
};
