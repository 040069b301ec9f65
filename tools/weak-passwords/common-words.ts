/** Words and short phrases that people build passwords from, in small letters without spaces; what is too short is made longer. */
export const commonWords: readonly string[] = Object.freeze(
  `password passwort passphrase passwd secret secrets private letmein letmeinnow openup opensesame welcome welcomeback welcomehome hello helloworld
hellothere goodbye goodmorning goodnight changeme changemenow changeit default defaultpassword temporary temppassword newpassword mypassword
thepassword nopassword yourpassword ourpassword adminpassword userpassword testpassword loginpassword rootpassword masterpassword
strongpassword securepassword verysecure supersecret topsecret mysecret secretpassword password admin administrator superadmin superuser
root rootroot user username guest login logmein signin testing tester test testtest testuser demo example sample iloveyou iloveyouso
iloveyoubaby iloveu iloveher ilovehim iloveme ilovegod ilovejesus ilovemusic ilovekorea ilovemymom ilovemydad ilovemyfamily loveyou
loveyouforever lovelove lovelife mylove mylife mybaby babygirl babyboy sweetheart sweety honey darling forever foreveryoung together princess
prince queen king angel angels heaven sunshine sunflower sunrise sunset moonlight starlight rainbow butterfly flower flowers summer
summertime winter wintertime spring springtime autumn january february march april monday tuesday wednesday thursday friday saturday sunday
football baseball basketball volleyball soccer hockey tennis golf swimming chelsea liverpool arsenal manchester barcelona realmadrid juventus
lakers yankees eagles cowboys steelers tigers lions superman batman spiderman ironman captain america avengers starwars startrek pokemon
pikachu digimon naruto onepiece dragonball sailormoon minecraft fortnite starcraft overwatch leagueoflegends valorant genshin genshinimpact
maplestory roblox mario luigi zelda playstation nintendo xbox computer internet keyboard notebook laptop samsung galaxy apple iphone android google
facebook instagram youtube twitter twitch tiktok netflix amazon microsoft windows linux ubuntu oracle mysql postgres postgresql database server
network monkey dragon tiger lion eagle panther wolf shark dolphin elephant hamster kitty kitten puppy doggy pepper ginger cookie chocolate
strawberry banana orange cherry coffee whiskey vodka pizza hamburger cheese butter sugar master shadow hunter killer ranger soldier
warrior phoenix thunder lightning hurricane tornado diamond crystal silver golden money millionaire dollar lucky luckyday freedom
liberty justice victory champion winner number one numberone jesus jesuschrist christ godisgood godislove blessed faith hope trust trustno
trustnoone michael jennifer jessica ashley daniel matthew joshua andrew charlie robert thomas jordan anthony william christopher nicholas
samantha elizabeth amanda stephanie melissa nicole hannah sophie olivia isabella victoria maria marina natasha alexander sebastian gabriel
junior senior family mother father mommy daddy grandma grandpa brother sister friend friends bestfriend bestfriends school college university
student teacher doctor nurse police engineer manager company business office work working holiday vacation christmas merrychristmas halloween
birthday happybirthday happynewyear newyear happy happiness behappy smile laughing dancing singing music guitar piano concert rock metal
london paris berlin newyork tokyo seoul busan incheon korea southkorea japan china america canada australia germany france italy spain brazil
mexico russia india bangkok singapore whatever whatsup nothing something everything anything someone nobody everybody please thankyou
sorry hellokitty scooby garfield snoopy mickey mickeymouse disney frozen matrix terminator gandalf hobbit harrypotter hogwarts bangtan
bts armybts blackpink twice exo bigbang girlsgeneration newjeans aespa straykids seventeen virtual virtualworld vtuber streamer streaming
livestream creator avatar metaverse immersive universe multiverse galaxyquest spaceship rocket planet saturn jupiter mercury venus alpha
omega delta sigma abc abcd abcdef abcdefg abcdefgh qwe qwer qwert qwerty qwertyui qwertyuiop asd asdf asdfg asdfgh asdfghjk asdfghjkl
zxc zxcv zxcvb zxcvbn zxcvbnm azerty azertyuiop qwertz aaa zzz xxx`
    .split(/\s+/)
    .filter((word, place, all) => all.indexOf(word) === place),
)
