//! Polish.

use super::Lists;

// In lines: a phrase a line would be a thousand lines a language.
#[rustfmt::skip]
pub(crate) static LISTS: Lists = Lists {
    code: "pl",
    little_words: &[
        "i", "w", "z", "na", "do", "nie", "sie", "to", "jest", "sa", "ze", "jak", "czy", "moja", "moje",
        "moj", "mojego", "mojej", "gdzie", "kiedy", "co", "dla", "po", "od", "za", "o", "ale", "a", "juz",
        "jeszcze", "prosze", "dzien", "dobry", "czesc", "witam", "dziekuje", "mam", "macie", "mozna", "moge",
        "chce", "chcialbym", "chcialabym", "paczka", "paczke", "paczki", "zamowienie", "zamowienia", "mial",
        "miala", "mialo", "byc", "byl", "byla", "bylo", "te", "ta", "ten", "tej", "tego", "tym", "tu",
        "jestem", "jestescie", "mnie", "mi", "nic", "nikt", "nigdy", "wiecej", "znowu", "przez", "przy",
        "dwa", "trzy", "razy", "raz", "tygodnie", "tygodni", "dni", "bardzo", "pieniadze", "pieniedzy",
        "sklepie", "rozmiarze", "rozmiar", "ktore", "ktory", "ktora", "ile", "przed", "oraz", "wszystko",
        "dalej", "brak", "temu", "super", "mialy", "przyjsc", "sobote", "sroda", "was", "wyszedl",
        "otworzylam", "wszystkim", "spodnie", "troche", "dostac", "mozecie", "usunac", "krem", "zielona",
        "wersja", "wroci", "swietami", "trzecia", "odpowiedz", "rzedu", "tam", "ktos", "szybko", "wielkie",
        "dzieki", "serio", "sklep", "jaki", "zamowilam", "nasz", "wasz", "moze", "zeby", "gdy", "nim",
        "minut", "dostalem", "zamowilem", "czarny", "dziesiec", "przyszedl", "dlaczego", "telefonu",
        "wysylacie", "lampe",
    ],
    letters: &['ą', 'ć', 'ę', 'ł', 'ń', 'ś', 'ź', 'ż', 'ó'],
    negators: &["nie", "bez", "nigdy", "ani", "zadn*", "wcale", "brak"],
    contrasts: &["ale", "jednak", "lecz"],
    reproaches: &["dlaczego", "czemu"],
    cues: &[
        (-75, &[
            "oszusc*", "oszust*", "nigdy wiecej", "zlodziej*", "policj*", "prawnik*", "uokik", "zglosze",
            "odradzam", "najgorsz*", "nie polecam", "omijac", "omijajcie", "dziekuje za nic", "dzieki za nic",
            "szerokim lukiem", "banda", "nie kupujcie", "uwazajcie",
        ]),
        (-60, &[
            "skandal*", "zenada", "zenujac*", "wstyd", "zalosn*", "zalosc", "kpina", "kpicie",
            "niedopuszczalne", "tragedi*", "tragiczn*", "fataln*", "okropn*", "beznadziejn*", "mam dosc",
            "dosc tego", "oddajcie", "oddajcie pieniadze", "zadam zwrotu", "wsciekl*", "koszmar*", "masakra",
            "niepowazn*", "zenujace", "serio", "koszmar", "chaos", "bezczeln*", "wkurz*", "zdenerwowan*",
            "chamstwo", "absurd",
        ]),
        (-45, &[
            "nikt nie odpowiada", "nikt nie odpisuje", "nikt nie odbiera", "nikt nie pomaga", "nikt nie wie",
            "brak odpowiedzi", "brak kontaktu", "zero odpowiedzi", "dalej nic", "nadal nic", "nadal nie",
            "dalej nie", "wciaz nie", "ciagle nie", "jeszcze nie dosz*", "nie dotarl*", "nie doszl*",
            "nie przyszl*", "nie otrzymal*", "nie dostal*", "mialo byc", "miala byc", "mial byc",
            "miala przyjsc", "mialo przyjsc", "czekam juz", "czekam od", "czekam _ tygodn*", "trzeci raz",
            "czwarty raz", "drugi raz", "po raz kolejny", "ile razy", "trzy razy", "znowu opoznienie",
            "znow opoznienie", "znowu", "rozczarowan*", "zawied*", "zawiod*", "nie jestem zadowolon*",
            "niezadowolon*", "nie dziala", "przestal* dzialac", "slaba jakosc", "zla jakosc",
            "kiepska jakosc", "pieniadze dwa razy", "dwa razy pobra*", "pobraliscie", "pobrano dwa",
            "ignorujecie", "ignoruja", "oczekiwalam wiecej", "oczekiwalem wiecej", "spodziewal* sie",
            "tylko polowa", "polowa zamowienia", "no super", "no pieknie", "no swietnie", "pieniedzy brak",
            "pieniedzy nie ma", "brak zwrotu", "nie ma pieniedzy", "plakala", "tygodnie temu",
            "mialy przyjsc", "mialy byc", "mial przyjsc", "miala dotrzec", "mial dotrzec", "a jest juz",
            "automatyczna odpowiedz", "automatyczne odpowiedzi", "pracuje tam ktos", "nikt nie", "nikogo",
            "nie moge sie dodzwonic", "nie da sie", "nie mozna sie", "czuje sie oszukan*", "oszukan*",
            "nie znajduje", "nie wykrywa", "nie laduje", "nie laczy", "dlaczego place", "prosilam o",
            "prosilem o", "inna cena", "drozej", "zawiesza", "strata czasu", "frustr*", "wyslaliscie zly",
            "dostalam inny", "dostalem inny", "innego niz", "inny niz", "a dostalem", "a dostalam",
            "a przyszl*", "na linii", "na infolinii", "nie odbiera", "niegrzeczn*", "nieuprzejm*", "niemil*",
            "chamsk*", "dni spoznienia", "spoznieni*", "opoznieni*", "obiecan*", "obiecal*", "obiecywal*",
            "mialo byc gratis", "wymowk*",
        ]),
        (-35, &[
            "rozbit*", "rozbil*", "stluczon*", "polaman*", "zlaman*", "zepsut*", "zepsul*", "uszkodzon*",
            "wadliw*", "pekniet*", "pekl*", "podart*", "porwan*", "porysowan*", "brudn*", "poplamion*",
            "dziura", "dziurawy", "zly kolor", "zly rozmiar", "zly towar", "nie ten", "inny kolor niz",
            "pomylil* zamowienie", "brakuje", "reklamacj*", "niestety", "zly", "zle", "zla", "slab*",
            "kiepsk*", "smutn*", "skurczyl*", "cieknie", "zgubion*", "zaginel*", "nie wlacza", "opoznien*",
            "szkoda", "rozlaly", "rozlal*", "wylal*", "splesnial*", "plesn", "zgnil*", "zwied*",
            "przetermin*", "farbuje", "strzepi", "zacina", "miga", "skrzypi", "krzyw*", "przezroczyst*",
            "za cienk*", "malutk*", "pustw", "zakurzon*", "lepk*", "przegrzewa", "niedorob*", "niekompletn*",
            "odpad*", "odkleil*", "rozpad*", "tandet*", "badziew*", "taniocha", "stluczony", "stluczona",
            "stlukl*", "podarly", "podarl*", "rozdarl*", "zerwal*", "urwal*", "peklo", "porysowany",
            "spoznil*",
        ]),
        (-25, &[
            "spoznion*", "pozno", "dlugo",
        ]),
        (-15, &[
            "problem*", "blad", "zwrot pieniedzy",
        ]),
        (0, &[
            "dzien dobry", "dobry wieczor", "dobrego dnia", "milego dnia", "z gory dziekuje",
            "dziekuje z gory", "nie ma problemu", "zaden problem", "bez problemu", "jak dlugo",
            "nic sie nie stalo", "nie spieszy", "dobrze", "jesli nie pasuje", "za male", "za duze",
            "pomylilam sie", "pomylilem sie", "jeszcze dostepn*", "pozdrawiam", "super cena", "nie najgorz*",
            "znowu dostepn*", "troche ciasne", "za ciasne", "otwarte", "otwarty w", "czynne",
        ]),
        (25, &[
            "dziekuje", "dzieki", "dziekujemy", "dobry", "dobra", "mily", "mila", "szybk*", "ladn*", "pasuje",
            "dziala", "fajn*", "wygodn*", "wszystko ok", "jak na zdjeciu", "zgodn* z opisem", "podoba sie",
            "nie narzekam", "polecam", "pomocn*", "miekk*", "mieciutk*", "przytuln*", "pyszn*", "slodk*",
            "ale szybko", "zamowilam drug*", "zamowilem drug*", "wielkie dzieki", "solidn*", "praktyczn*",
            "pachnie", "fajnie", "sprawnie",
        ]),
        (35, &[
            "super", "bardzo dziekuje", "zadowolon*", "idealn*", "swietn*", "pieknie", "piekn*",
            "bardzo ladn*", "bardzo dobr*", "goraco polecam", "szczerze polecam", "lepsz* niz", "lepiej niz",
            "jaki mieciutki", "od lat", "jak zawsze", "polecam kazdemu",
        ]),
        (50, &[
            "wspanial*", "rewelacyjn*", "rewelacj*", "cudown*", "zachwycon*", "uwielbiam", "kocham",
            "najlepsz*", "fantastyczn*", "genialn*", "zakochan*", "doskonal*", "przepiekn*",
        ]),
    ],
    intents: &[
        ("", 80, &[
            "z gory dziekuje", "dziekuje z gory", "dzieki za nic", "dziekuje za nic", "punkt odbioru",
            "punktu odbioru",
        ]),
        ("return", 85, &[
            "zwrocic lampe", "etykiete", "moge wymienic", "moge dostac 32", "inny rozmiar", "wiekszy rozmiar",
            "mniejszy rozmiar", "rozmiar wiekszy", "wymienic na", "zamienic na", "troche ciasne", "ciasne",
        ]),
        ("human_please", 85, &[
            "odpowiedziec czlowiek", "na linii", "czlowiek", "pracuje tam", "ktos zadzwonic",
            "automatyczna odpowiedz", "zywy czlowiek", "prawdziwym czlowiekiem",
        ]),
        ("product_question", 85, &[
            "nadaje sie do", "wrazliwej skory", "ten krem", "czy ten", "czy ta", "zapach", "grubosc",
            "matow*",
        ]),
        ("loyalty", 85, &[
            "status", "pieczatk*", "saldo", "bonus", "poziom",
        ]),
        ("stock_question", 85, &[
            "wroci przed", "wroci", "wroca", "przed swietami", "bedziecie mieli", "niedostepn*",
        ]),
        ("cancel", 85, &[
            "rozmyslilem", "rozmyslilam", "usunac z zamowienia", "usunac", "juz nie chce", "nie potrzebuje",
        ]),
        ("refund", 85, &[
            "na moim koncie", "na konto", "pieniadze na",
        ]),
        ("where_is_my_order", 85, &[
            "juz wyszedl", "juz wyszla", "wyszedl od was", "wyslan*", "w drodze", "mialy przyjsc",
            "mial przyjsc", "termin dostawy", "kiedy dostane paczke", "kiedy dostarcz*", "jakies wiesci",
            "gdzie sa",
        ]),
        ("where_is_my_order", 90, &[
            "gdzie jest moj*", "gdzie jest paczka", "gdzie moja", "gdzie moje", "kiedy dojdzie",
            "kiedy przyjdzie", "kiedy dotrze", "kiedy bedzie", "kiedy otrzymam paczke", "kiedy wyslecie",
            "kiedy zostanie wyslan*", "numer przesylki", "numer sledzenia", "sledzenie", "status zamowienia",
            "status przesylki", "nie dotarl*", "nie doszl*", "nie przyszl*", "nie otrzymal*",
            "co z moim zamowieniem", "co z moja paczka",
        ]),
        ("where_is_my_order", 70, &[
            "mialo byc", "miala byc", "miala przyjsc", "mialo przyjsc", "czekam na paczke",
            "czekam na zamowienie", "dalej nic", "nadal nic", "nadal nie", "czekam juz",
        ]),
        ("return", 90, &[
            "zwrocic", "odeslac", "odsylam", "oddac", "wymienic", "wymiana", "wymiane", "etykieta zwrotna",
            "etykiete zwrotn*", "zwracam", "jak zwrocic", "zwrot towaru",
        ]),
        ("return", 50, &[
            "zwrot", "zwrotu", "zwroty",
        ]),
        ("refund", 90, &[
            "zwrot pieniedzy", "zwrot srodkow", "zwrotu pieniedzy", "pieniadze za", "pieniedzy brak",
            "oddajcie pieniadze", "odzyskac pieniadze", "zwrocicie pieniadze", "moje pieniadze",
            "zwrot kosztow", "zwrot na karte", "ze zwrotem",
        ]),
        ("cancel", 90, &[
            "anulow*", "anuluj*", "anulacj*", "zrezygnowac", "rezygnuje", "odstapic", "odstapien*", "wypisac",
        ]),
        ("human_please", 90, &[
            "konsultant*", "z czlowiekiem", "z kims", "zywym czlowiekiem", "prosze o telefon", "zadzwon*",
            "oddzwon*", "z kierownikiem", "kierownik*", "z pracownikiem", "rozmawiac z",
        ]),
        ("stock_question", 90, &[
            "dostepn*", "na stanie", "w magazynie", "macie jeszcze", "czy macie", "beda jeszcze",
            "bedzie jeszcze", "wyprzedan*", "w sklepie w", "kiedy beda", "wroci do sprzedazy",
        ]),
        ("loyalty", 90, &[
            "punkt*", "karta stalego", "karty stalego", "program lojalnosciow*", "lojalnosc*", "voucher",
            "rabat dla", "kupon",
        ]),
        ("product_question", 80, &[
            "z welny", "ze skory", "jaki rozmiar", "wymiary", "z czego", "material", "wodoodporn*",
            "mozna prac", "w pralce", "zmywar*", "nadaje sie", "gwarancj*", "kompatybil*", "jakie kolory",
            "ile wazy", "rozmiarowk*",
        ]),
        ("thanks", 80, &[
            "dziekuje", "dzieki", "dziekujemy", "dziekuje bardzo", "wdzieczn*",
        ]),
        ("product_question", 45, &[
            "czy to", "czy te", "ile", "z czego jest", "ma ten",
        ]),
    ],
    topics: &[
        ("damage", &[
            "a dostalem", "a dostalam", "rozlaly", "splesnial*", "krzyw*", "rozbit*", "stluczon*",
            "uszkodzon*", "zepsut*", "wadliw*", "polaman*", "pekniet*", "brakuje", "zly kolor", "zly rozmiar",
            "zly towar", "podart*",
        ]),
        ("delivery", &[
            "wyszedl", "paczk*", "przesylk*", "dostaw*", "wysyl*", "wysla*", "kurier*", "paczkomat*",
            "sledzen*",
        ]),
        ("payment", &[
            "karta odrzucona", "odrzucona", "cena", "kod rabatowy", "faktur*", "platnos*", "zaplac*",
            "pobra*", "przelew*", "blik", "karta kredyt*", "raty", "paragon", "pieniadze dwa",
        ]),
        ("setup", &[
            "instrukcj*", "montaz*", "podlaczy*", "polaczy*", "zainstalowac", "skonfigurowac", "bluetooth",
            "wifi",
        ]),
        ("account", &[
            "haslo", "hasla", "zalogowac", "logowani*", "moje konto", "konta",
        ]),
    ],
};
